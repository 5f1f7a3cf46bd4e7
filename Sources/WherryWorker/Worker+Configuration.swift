public import WherryBroker
import WherryConfiguration
public import WherryPostgres

extension Worker {
    /// Where a worker's brokers and its database are, and how much it does at once.
    ///
    /// `docs/configuration.md` lists how each is called in the environment and in a file.
    public struct Configuration: Sendable {
        /// The region that the worker stands in, for example `syd`: that of the primary database.
        public var region: String
        /// The endpoints of the brokers that it takes jobs from, for example `tcp://broker-1:7400`. May be empty if there is a ``broker``.
        public var brokers: [String]
        /// The primary database.
        public var database: PostgresConfiguration
        /// How many jobs run at once, and how many connections they have. Default: 16.
        public var concurrency = 16
        /// How long running jobs may take to finish once the worker is told to stop; what is left then goes to other workers. Default: 20 s.
        public var drainLimit = Duration.seconds(20)
        /// How often it tells a broker that it lives, unless the broker names another interval. Default: 1 s.
        public var heartbeatInterval = Duration.seconds(1)
        /// The largest arguments or results of a job, in bytes. Default: 8 MiB.
        public var maximumPayloadSize = 8 << 20
        /// How often it makes and drops partitions of the receipts where its role may (`wherry upkeep`); `nil` leaves that to others.
        /// Default: 1 hour.
        public var upkeepInterval: Duration? = .seconds(3600)
        /// Whether it brings the schema `wherry` up to date when it starts, as `wherry migrate up` does. Default: no.
        public var migratesSchema = false
        /// A broker to run inside of this process, so that one process is enough. Default: none.
        public var broker: BrokerConfiguration?

        /// A configuration with the defaults.
        ///
        /// - Parameters:
        ///   - region: the primary's region.
        ///   - brokers: endpoints of brokers; may be empty if there is a `broker`.
        ///   - database: the primary database.
        ///   - broker: a broker to run inside of this process.
        public init(region: String, brokers: [String] = [], database: PostgresConfiguration, broker: BrokerConfiguration? = nil) {
            self.region = region
            self.brokers = brokers
            self.database = database
            self.broker = broker
        }
    }
}

extension Worker.Configuration {
    /// Says what makes no sense, before anything is opened.
    func validate() throws(WorkerError) {
        do {
            try self.check()
            try self.database.validate()
        } catch let error as SettingsError {
            throw WorkerError(.invalidConfiguration, error.message)
        } catch let error as PostgresError {
            let hint = error.hint.map { ". \($0)" } ?? ""
            throw WorkerError(.invalidConfiguration, "\(Setting.database.name): \(error.message)\(hint)", cause: error)
        } catch {
            throw WorkerError(.invalidConfiguration, "\(error)", cause: error)
        }
    }

    private func check() throws(SettingsError) {
        try Setting.region.check(self.region)
        guard !self.brokers.isEmpty || self.broker != nil else {
            throw SettingsError(
                "no broker: set \(Setting.brokers.name) to the brokers' endpoints, or \(Setting.bind.name) to run one in this process")
        }
        _ = try Setting.brokerAddresses(self.brokers)
        if let broker {
            try Setting.bind.check(broker.binds)
            guard broker.region == self.region else {
                throw SettingsError("the broker in this process is of another region (\(broker.region)) than the worker (\(self.region))")
            }
        }
        try Setting.concurrency.check(self.concurrency)
        try Setting.drain.check(self.drainLimit)
        try Setting.heartbeat.check(self.heartbeatInterval)
        try Setting.maximumPayloadBytes.check(self.maximumPayloadSize)
        if let upkeepInterval, upkeepInterval < .seconds(1) {
            throw SettingsError("\(Setting.upkeep.name) must be at least 1, or 0 for never")
        }
    }
}
