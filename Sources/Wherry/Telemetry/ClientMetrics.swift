import Metrics
import WherryCore
import WherryJobs
import WherryWire

/// What a client's jobs are counted and timed by. Those of one job are made when it is called for the first time.
struct ClientMetrics {
    private struct JobMetrics {
        var outcomes: [String: Counter] = [:]
        let duration: Metrics.Timer
    }

    private let region: String
    private let factory: any MetricsFactory
    private var jobs: [String: JobMetrics] = [:]
    private let legs: [(any KeyPath<JobTimings, Duration?> & Sendable, Metrics.Timer)]
    private let pending: Gauge
    private let links: Gauge
    private let resends: Counter
    private var readyLinks: Set<ClientMachine.LinkID> = []

    init(region: String, factory: any MetricsFactory) {
        self.region = region
        self.factory = factory
        let here = [(MetricDimension.region.rawValue, region)]
        self.pending = Gauge(label: MetricName.clientPending.rawValue, dimensions: here, factory: factory)
        self.links = Gauge(label: MetricName.clientLinks.rawValue, dimensions: here, factory: factory)
        self.resends = Counter(label: MetricName.clientResends.rawValue, dimensions: here, factory: factory)
        let legs: [(any KeyPath<JobTimings, Duration?> & Sendable, String)] = [
            (\.waiting, "waiting"), (\.network, "network"), (\.brokerQueue, "broker-queue"), (\.worker, "worker"),
            (\.replayWait, "replay-wait"),
        ]
        self.legs = legs.map { leg, name in
            let dimensions = here + [(MetricDimension.leg.rawValue, name)]
            return (leg, Metrics.Timer(label: MetricName.clientLeg.rawValue, dimensions: dimensions, factory: factory))
        }
    }

    func pending(_ count: Int) {
        self.pending.record(count)
    }

    func sent(_ message: Message) {
        if case .request(let request) = message, request.redelivered { self.resends.increment() }
    }

    mutating func noted(_ note: ClientMachine.Note) {
        switch note {
        case .linkReady(let link): self.readyLinks.insert(link)
        case .linkLost(let link, _): self.readyLinks.remove(link)
        default: return
        }
        self.links.record(self.readyLinks.count)
    }

    mutating func ended(_ name: String, _ completion: ClientMachine.Completion, _ timings: JobTimings) {
        let here = [(MetricDimension.region.rawValue, self.region), (MetricDimension.job.rawValue, name)]
        var job =
            self.jobs[name]
            ?? JobMetrics(duration: Metrics.Timer(label: MetricName.clientDuration.rawValue, dimensions: here, factory: self.factory))
        let outcome = completion.label
        let counter =
            job.outcomes[outcome]
            ?? Counter(
                label: MetricName.clientJobs.rawValue, dimensions: here + [(MetricDimension.outcome.rawValue, outcome)],
                factory: self.factory)
        job.outcomes[outcome] = counter
        self.jobs[name] = job
        counter.increment()
        if let total = timings.total { job.duration.record(duration: total) }
        for (leg, timer) in self.legs {
            if let duration = timings[keyPath: leg] { timer.record(duration: duration) }
        }
    }
}

extension ClientMachine.Completion {
    /// How a job ended, in one word: the dimension and attribute `outcome`.
    var label: String {
        switch self {
        case .visible: "committed"
        case .answered: "answered"
        case .regionJobEnded(.lost): "region-job-lost"
        case .regionJobEnded(.expired): "expired"
        case .regionJobEnded(.cancelled): "cancelled"
        case .regionJobEnded(.foreignToken): "refused"
        case .notVisible: "not-yet-visible"
        case .settled(let reply): reply.outcome.rawValue
        case .refused: "refused"
        case .neverSent: "never-sent"
        case .undecided: "undecided"
        case .rejected: "rejected"
        }
    }
}
