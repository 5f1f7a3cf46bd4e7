internal import Logging
internal import WherryCore
internal import WherryZeroMQ

/// What a broker writes to its log.
struct BrokerLog {
    /// Complaints about peers come from outside, so only so many are written in a minute.
    static let complaintsPerMinute = 60

    private let logger: Logger
    private var minuteStart = MonotonicInstant.zero
    private var complaints = 0

    init(logger: Logger, region: String) {
        var logger = logger
        logger[metadataKey: LogKey.region] = "\(region)"
        self.logger = logger
    }

    func started(_ endpoints: [String]) {
        self.logger.info("broker listens", metadata: [LogKey.endpoints: "\(endpoints.joined(separator: " "))"])
    }

    func draining(_ load: BrokerMachine.Load) {
        self.logger.info("broker drains: waiting jobs go back to their clients", metadata: Self.jobs(load))
    }

    func stopped() {
        self.logger.info("broker has stopped")
    }

    func notSent(to peer: PeerID, _ error: ZeroMQError) {
        self.logger.debug("a message was not sent", metadata: [LogKey.peer: "\(peer)", LogKey.error: "\(error)"])
    }

    mutating func write(_ note: BrokerMachine.Note, now: MonotonicInstant) {
        switch note {
        case .clientJoined(let peer, let region):
            self.logger.debug("a client has come", metadata: [LogKey.peer: "\(peer)", LogKey.peerRegion: "\(region)"])
        case .clientLost(let peer, let farewell):
            self.logger.debug("a client is gone", metadata: [LogKey.peer: "\(peer)", LogKey.farewell: "\(farewell.rawValue)"])
        case .workerJoined(let peer, let region, let offers):
            self.logger.info(
                "a worker has come",
                metadata: [LogKey.peer: "\(peer)", LogKey.peerRegion: "\(region)", LogKey.offers: "\(offers)"]
            )
        case .workerLost(let peer, let farewell, let redelivered):
            self.logger.log(
                level: farewell == .left ? .info : .warning,
                "a worker is gone",
                metadata: [LogKey.peer: "\(peer)", LogKey.farewell: "\(farewell.rawValue)", LogKey.redeliveredJobs: "\(redelivered)"]
            )
        case .misbehaving(let peer, let what):
            self.complain("a peer sends what makes no sense", metadata: [LogKey.peer: "\(peer)", LogKey.error: "\(what)"], now: now)
        case .staleWorker(let peer, let reported, let newest):
            self.logger.error(
                "a worker's primary is older than another worker's: it gets no jobs until its database address leads to the new primary",
                metadata: [LogKey.peer: "\(peer)", LogKey.epoch: "\(reported)", LogKey.newestEpoch: "\(newest)"]
            )
        case .strangeWorker(let peer, let reported, let newest):
            self.logger.error(
                "a worker's primary has nothing to do with another worker's: it gets no jobs; configure them alike",
                metadata: [LogKey.peer: "\(peer)", LogKey.epoch: "\(reported)", LogKey.newestEpoch: "\(newest)"]
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
        [LogKey.queuedJobs: "\(load.queuedJobs)", LogKey.dispatchedJobs: "\(load.dispatchedJobs)"]
    }
}
