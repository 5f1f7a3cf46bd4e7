import DemoShared

extension DemoStep {
    /// Its number in the demo; the first two are one: the same loop without and with Wherry.
    var number: Int {
        switch self {
        case .direct, .naive: 1
        case .bulk: 2
        case .unwaited: 3
        case .waited: 4
        case .killed: 5
        case .bad: 6
        }
    }

    /// Heads the step's part of the output; steps that share a number share a heading.
    var heading: String {
        switch self {
        case .direct, .naive: "The naive loop: one insert after another, each waited for"
        case .bulk: "The same work as one job"
        case .unwaited: "Inserts that do not wait for replay, each read at once on the local replica"
        case .waited: "Calls that wait for replay, each read at once on the local replica"
        case .killed: "A worker killed with SIGKILL in the middle of a job"
        case .bad: "Jobs that cannot succeed"
        }
    }

    /// Its name beside a progress bar, in the table and in the chart.
    var label: String {
        switch self {
        case .direct: "INSERT at the far primary"
        case .naive: "one job after another"
        case .bulk: "one job for all"
        case .unwaited: "32 at a time, .committed"
        case .waited: "32 at a time, .value"
        case .killed: "job of a killed worker"
        case .bad: "bad jobs"
        }
    }
}
