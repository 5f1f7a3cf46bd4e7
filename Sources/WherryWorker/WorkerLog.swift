import Logging
import WherryCore
import WherryWire
import WherryZeroMQ

/// What a worker writes to its log.
struct WorkerLog: Sendable {
    let logger: Logger

    func write(_ note: WorkerMachine.Note, endpoints: [Int: String]) {
        switch note {
        case .brokerFound(let link):
            self.logger.info("takes jobs from a broker", metadata: [LogKey.endpoint: "\(endpoints[link] ?? "?")"])
        case .brokerSilent(let link):
            self.logger.warning("a broker does not answer; trying again", metadata: [LogKey.endpoint: "\(endpoints[link] ?? "?")"])
        case .brokerLeft(let link):
            self.logger.info("a broker shuts down; trying again", metadata: [LogKey.endpoint: "\(endpoints[link] ?? "?")"])
        case .brokerRefuses(let link, let disconnect):
            self.logger.error(
                "a broker refuses this worker: \(disconnect.message)",
                metadata: [LogKey.endpoint: "\(endpoints[link] ?? "?")", LogKey.error: "\(disconnect.reason.rawValue)"]
            )
        case .brokerMisspoke(let link, let error):
            self.logger.error(
                "a broker sent what is no message; ignoring such from now on",
                metadata: [LogKey.endpoint: "\(endpoints[link] ?? "?")", LogKey.error: "\(error)"]
            )
        case .serving(let epoch):
            self.logger.info("serves the primary", metadata: [LogKey.epoch: "\(epoch)"])
        case .servingStandby:
            self.logger.info("the database is a standby: takes region jobs only")
        case .brokerElsewhere(let link, let region):
            self.logger.warning(
                "a broker stands in another region and so gives this worker no region jobs: name brokers of this worker's region",
                metadata: [LogKey.endpoint: "\(endpoints[link] ?? "?")", LogKey.brokerRegion: "\(region)"]
            )
        case .unresolved(let host, let reason):
            self.logger.warning(
                "cannot resolve the name of a broker; going on with the addresses known",
                metadata: [LogKey.host: "\(host)", LogKey.error: "\(reason)"]
            )
        case .primaryUnreachable(let reason):
            self.logger.error("cannot use the database; takes no jobs until it can", metadata: [LogKey.error: "\(reason)"])
        case .primaryIsStandby:
            self.logger.error("the database turned into a standby; takes no write jobs until its address leads to a primary")
        case .primaryIsStale(let own, let newest):
            self.logger.error(
                "another primary has taken over from this worker's; takes no jobs until its address leads to that one",
                metadata: [LogKey.epoch: "\(own)", LogKey.newestEpoch: "\(newest)"]
            )
        case .primariesDiffer(let own, let other):
            self.logger.error(
                "workers of one broker have different primaries: configure them alike",
                metadata: [LogKey.epoch: "\(own)", LogKey.otherEpoch: "\(other)"]
            )
        case .stalled(let duration):
            let seconds = duration.components.seconds
            self.logger.critical(
                "handlers block all threads: nothing has run for \(seconds) s; brokers hear nothing more until something does")
        case .recovered:
            self.logger.warning("handlers no longer block all threads: takes jobs again")
        case .abandoned(let ids):
            self.logger.warning(
                "shut down before these jobs had finished; they go to other workers",
                metadata: [LogKey.jobIDs: "\(ids.map(\.description).joined(separator: " "))"]
            )
        }
    }

    func endpointFailed(_ endpoint: String, _ error: ZeroMQError) {
        self.logger.error("cannot use a broker's endpoint", metadata: [LogKey.endpoint: "\(endpoint)", LogKey.error: "\(error)"])
    }

    func notSent(_ endpoint: String, _ error: ZeroMQError) {
        self.logger.debug("a message to a broker was not sent", metadata: [LogKey.endpoint: "\(endpoint)", LogKey.error: "\(error)"])
    }
}
