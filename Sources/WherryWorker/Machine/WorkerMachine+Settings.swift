package import WherryCore
package import WherryWire

extension WorkerMachine {
    /// The limits of a worker machine.
    package struct Settings: Sendable {
        /// Where the brokers are.
        package var brokers: [BrokerAddress]
        /// How often host names of brokers are looked up.
        package var resolving = BrokerDirectory.Times()
        package var region: String
        /// The region of the primary, if the configuration says so.
        package var primaryRegion: String?
        /// The jobs that there are handlers for, sorted by name and version.
        package var offers: [Offer]
        /// How many jobs run at once.
        package var concurrency: Int
        /// How many jobs beyond `concurrency` are held until one of those finishes, and not refused. Each broker
        /// beyond `brokers` that a host name turns out to stand for adds one.
        package var allowance: Int
        /// How many fences are under way at once.
        package var maximumFences = 256
        /// How many questions for the primary's position wait at once.
        package var maximumPositionQuestions = 1024
        /// How often a side that has nothing else to say says that it lives, until a WELCOME says otherwise.
        package var heartbeatInterval: Duration = .seconds(1)
        /// After how many silent intervals the other side counts as dead.
        package var liveness = 3
        package var reconnectDelay: Duration = .milliseconds(250)
        package var maximumReconnectDelay: Duration = .seconds(8)
        /// How often the primary is asked for its clock and whether it is one still.
        package var primaryCheckInterval: Duration = .seconds(1)
        package var primaryRetryDelay: Duration = .milliseconds(250)
        package var maximumPrimaryRetryDelay: Duration = .seconds(8)
        /// How often it is tried whether anything can run, and for how long nothing may until the worker counts itself as dead.
        package var pulseInterval: Duration = .seconds(1)
        package var stallLimit: Duration = .seconds(10)
        /// How long running jobs may take to finish once the worker drains.
        package var drainLimit: Duration = .seconds(20)

        package init(brokers: [BrokerAddress], region: String, offers: [Offer], concurrency: Int) {
            self.brokers = brokers
            self.region = region
            self.offers = offers.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
            self.concurrency = concurrency
            self.allowance = max(brokers.count + 1, concurrency / 2)
        }
    }
}
