/// What the doctor found.
struct Finding: Hashable, Sendable, Encodable {
    /// How bad it is.
    enum Severity: String, Hashable, Sendable, Encodable, Comparable {
        case ok
        /// It works, but not as well as it could, or not for long.
        case warning
        /// It does not work, or what it does is wrong.
        case problem

        static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .ok: 0
            case .warning: 1
            case .problem: 2
            }
        }
    }

    /// What it is about.
    enum Topic: String, Hashable, Sendable, Encodable, CaseIterable {
        case connection, versions, schema, roles, replication, slots, epoch, privileges, commits, timeouts, poolers, partitions, retention
        case clock, brokers, jobs
    }

    var severity: Severity
    var topic: Topic
    /// What was seen.
    var seen: String
    /// What to do, with the command where there is one; `nil` if nothing is to be done.
    var advice: String?

    static func ok(_ topic: Topic, _ seen: String) -> Finding {
        Finding(severity: .ok, topic: topic, seen: seen)
    }

    static func warning(_ topic: Topic, _ seen: String, do advice: String) -> Finding {
        Finding(severity: .warning, topic: topic, seen: seen, advice: advice)
    }

    static func problem(_ topic: Topic, _ seen: String, do advice: String) -> Finding {
        Finding(severity: .problem, topic: topic, seen: seen, advice: advice)
    }
}
