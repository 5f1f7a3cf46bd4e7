/// One thing that goes wrong, and by itself comes right again.
struct ChaosFault: Codable, Hashable, Sendable {
    enum Kind: String, Codable, CaseIterable, Sendable {
        // Processes
        case killBroker = "kill-broker"
        case freezeBroker = "freeze-broker"
        case drainBroker = "drain-broker"
        case killWorker = "kill-worker"
        case freezeWorker = "freeze-worker"
        case drainWorker = "drain-worker"
        case killApp = "kill-app"
        case freezeApp = "freeze-app"
        // Links
        case cutLink = "cut-link"
        case cutLinkOneWay = "cut-link-one-way"
        case halfOpenLink = "half-open-link"
        case resetLink = "reset-link"
        // PostgreSQL
        case restartPrimary = "restart-primary"
        case crashPrimary = "crash-primary"
        case freezePrimary = "freeze-primary"
        case terminateBackends = "terminate-backends"
        case restartReplica = "restart-replica"
        case crashReplica = "crash-replica"
        case pauseReplay = "pause-replay"
        case cutReplication = "cut-replication"
        /// In good order: nothing is lost.
        case switchOver = "switch-over"
        /// The primary crashes, and a replica is promoted with what it has.
        case failOver = "fail-over"
        /// The same, with a replica that was cut off for a while before, so that commits are lost.
        case failOverBehind = "fail-over-behind"
        /// The same, and the old primary comes back on its old address, for some of those who knew it.
        case failOverStale = "fail-over-stale"
    }

    /// When it begins, in seconds from the beginning of the run.
    var at: Double
    var kind: Kind
    /// The process or the link, by its name; of servers the number of the replica, counted from 0 among those there are then.
    var target: String
    /// How long it lasts, in seconds; at once over if it is 0.
    var duration: Double

    /// Faults of one lane come one after another.
    var lane: String {
        self.kind.isOfServers ? "servers" : self.target
    }
}

extension ChaosFault.Kind {
    static let ofBrokers: [Self] = [.killBroker, .freezeBroker, .drainBroker]
    static let ofWorkers: [Self] = [.killWorker, .freezeWorker, .drainWorker]
    static let ofApps: [Self] = [.killApp, .freezeApp]
    static let ofLinks: [Self] = [.cutLink, .cutLinkOneWay, .halfOpenLink, .resetLink]
    static let ofServers = Self.allCases.filter(\.isOfServers)
    static let promotions: [Self] = [.switchOver, .failOver, .failOverBehind, .failOverStale]

    var isOfServers: Bool {
        !(Self.ofBrokers + Self.ofWorkers + Self.ofApps + Self.ofLinks).contains(self)
    }
}
