internal import Logging
internal import WherryCore
internal import WherryZeroMQ

/// What a broker writes to its log.
struct BrokerLog {
    /// The metadata keys that it uses.
    enum Key {
        static let region = "region"
        static let endpoints = "zmq.endpoints"
        static let peer = "zmq.peer"
        static let peerRegion = "peer.region"
        static let reason = "peer.farewell"
        static let offers = "worker.offers"
        static let epoch = "pg.epoch"
        static let newestEpoch = "pg.epoch.newest"
        static let queuedJobs = "jobs.queued"
        static let dispatchedJobs = "jobs.dispatched"
        static let redeliveredJobs = "jobs.redelivered"
        static let error = "error"
    }

    /// Complaints about peers come from outside, so only so many are written in a minute.
    static let complaintsPerMinute = 60

    private let logger: Logger
    private var minuteStart = MonotonicInstant.zero
    private var complaints = 0

    init(logger: Logger, region: String) {
        var logger = logger
        logger[metadataKey: Key.region] = "\(region)"
        self.logger = logger
    }

    func started(_ endpoints: [String]) {
        self.logger.info("broker listens", metadata: [Key.endpoints: "\(endpoints.joined(separator: " "))"])
    }

    func draining(_ load: BrokerMachine.Load) {
        self.logger.info("broker drains: waiting jobs go back to their clients", metadata: Self.jobs(load))
    }

    func stopped() {
        self.logger.info("broker has stopped")
    }

    func notSent(to peer: PeerID, _ error: ZeroMQError) {
        self.logger.debug("a message was not sent", metadata: [Key.peer: "\(peer)", Key.error: "\(error)"])
    }

    mutating func write(_ note: BrokerMachine.Note, now: MonotonicInstant) {
        switch note {
        case .clientJoined(let peer, let region):
            self.logger.debug("a client has come", metadata: [Key.peer: "\(peer)", Key.peerRegion: "\(region)"])
        case .clientLost(let peer, let farewell):
            self.logger.debug("a client is gone", metadata: [Key.peer: "\(peer)", Key.reason: "\(farewell.rawValue)"])
        case .workerJoined(let peer, let region, let offers):
            self.logger.info(
                "a worker has come",
                metadata: [Key.peer: "\(peer)", Key.peerRegion: "\(region)", Key.offers: "\(offers)"]
            )
        case .workerLost(let peer, let farewell, let redelivered):
            self.logger.log(
                level: farewell == .left ? .info : .warning,
                "a worker is gone",
                metadata: [Key.peer: "\(peer)", Key.reason: "\(farewell.rawValue)", Key.redeliveredJobs: "\(redelivered)"]
            )
        case .misbehaving(let peer, let what):
            self.complain("a peer sends what makes no sense", metadata: [Key.peer: "\(peer)", Key.error: "\(what)"], now: now)
        case .staleWorker(let peer, let reported, let newest):
            self.logger.error(
                "a worker's primary is older than another worker's: it gets no jobs until its database address leads to the new primary",
                metadata: [Key.peer: "\(peer)", Key.epoch: "\(reported)", Key.newestEpoch: "\(newest)"]
            )
        case .strangeWorker(let peer, let reported, let newest):
            self.logger.error(
                "a worker's primary has nothing to do with another worker's: it gets no jobs; configure them alike",
                metadata: [Key.peer: "\(peer)", Key.epoch: "\(reported)", Key.newestEpoch: "\(newest)"]
            )
        case .thawed(let gap):
            self.logger.warning("this process did nothing for \(gap): everybody counts as alive again")
        }
    }

    private mutating func complain(_ message: Logger.Message, metadata: Logger.Metadata, now: MonotonicInstant) {
        if now - self.minuteStart >= .seconds(60) {
            self.minuteStart = now
            self.complaints = 0
        }
        self.complaints += 1
        switch self.complaints {
        case ...Self.complaintsPerMinute: self.logger.warning(message, metadata: metadata)
        case Self.complaintsPerMinute + 1: self.logger.warning("more peers send what makes no sense; not written for a minute")
        default: break
        }
    }

    private static func jobs(_ load: BrokerMachine.Load) -> Logger.Metadata {
        [Key.queuedJobs: "\(load.queuedJobs)", Key.dispatchedJobs: "\(load.dispatchedJobs)"]
    }
}
