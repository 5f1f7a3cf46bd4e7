public import WherryBroker
import WherryConfiguration
import WherryCore
public import WherryPostgres

extension Worker {
    /// Where a worker's brokers and its database are, and how much it does at once.
    ///
    /// `docs/configuration.md` lists how each is called in the environment and in a file.
    public struct Configuration: Sendable {
        /// The region that the worker stands in, for example `syd`.
        public var region: String
        /// The region of the primary database, if it is to be checked: a worker that stands there does not start on a standby. Default: none.
        public var primaryRegion: String?
        /// The endpoints of the brokers that it takes jobs from, for example `tcp://broker-1:7400`. A host name stands for all of its addresses,
        /// which are looked up every ``resolveInterval`` and when a broker was lost. Entries such as `lax=tcp://broker.lax:7400` are for workers
        /// of that region only; if there is one of this worker's region, those without a region are not for it, so that the list of an
        /// application can be used as it is. May be empty if there is a ``broker``.
        public var brokers: [String]
        /// How often the host names of brokers are looked up. Default: 10 s.
        public var resolveInterval = Duration.seconds(10)
        /// The database beside the worker: the primary, or, for region jobs only, a replica.
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
        /// Whether the worker runs single statements that clients send it (`client.execute`), each as a job of its own. Default: yes.
        ///
        /// Switch it off where clients must not write but by the jobs that you have written.
        public var executesStatements = true
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
    /// The brokers that this worker takes jobs from.
    func brokerAddresses() throws(SettingsError) -> [BrokerAddress] {
        let all = try Setting.brokerAddresses(self.brokers)
        let own = all.filter { $0.region == self.region }
        return own.isEmpty ? all.filter { $0.region == nil } : own
    }

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
        guard try !self.brokerAddresses().isEmpty || self.broker != nil else {
            throw SettingsError("no broker of the region \(self.region) is among \(self.brokers.joined(separator: ", "))")
        }
        try Setting.resolve.check(self.resolveInterval)
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
