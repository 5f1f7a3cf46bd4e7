import WherryConfiguration
import WherryCore
public import WherryJobs
public import WherryPostgres

extension WherryClient {
    /// Where a client stands, where its brokers and its database are, and its limits.
    ///
    /// `docs/configuration.md` lists how each is called in the environment and in a file.
    public struct Configuration: Sendable {
        /// The region that the application runs in, for example `lax`.
        public var region: String
        /// The region of the primary database, for example `syd`: where jobs run.
        public var primaryRegion: String
        /// The endpoints of brokers, for example `tcp://broker-1:7400`: those of the primary's region, to any of which a write job goes, and, as
        /// `lax=tcp://broker.lax:7400`, those of other regions, for region jobs. A host name stands for all of its addresses, which are looked up
        /// every ``resolveInterval`` and when a broker was lost. May be empty for a client that runs jobs inline.
        public var brokers: [String]
        /// The database to read from: the replica in this region, or the primary where there is none. One server, not a name that stands for
        /// several: what was seen on one says nothing about another.
        public var database: PostgresConfiguration
        /// The primary database, for a client that runs jobs inline and reads from another server. Default: ``database`` is the primary.
        public var primaryDatabase: PostgresConfiguration?
        /// How long a job may take until it is visible here. Default: 30 s.
        public var deadline = Duration.seconds(30)
        /// The longest deadline that a job may be given; a longer one is refused as `misconfigured`. Default: 1 hour.
        public var maximumDeadline = Duration.seconds(3600)
        /// How long pending jobs may take to end once the client is told to stop. Default: 10 s.
        public var drainLimit = Duration.seconds(10)
        /// How many jobs may be pending; the next one fails with `overloaded`. Default: 10 000.
        public var maximumPendingJobs = 10_000
        /// How many bytes a job's encoded arguments may have; more fail with `tooLarge`. Default: 1 MiB.
        public var maximumArgumentBytes = 1 << 20
        /// How many connections reads may have; the next read waits, up to 5 s. Default: 10.
        public var maximumReadConnections = 10
        /// How often the host names of brokers are looked up. Default: 10 s.
        public var resolveInterval = Duration.seconds(10)
        /// Whose jobs these are, where no key says so. Default: `default`.
        public var scope = "default"
        /// Whether a call of a job that no worker offers waits until one does, up to its deadline: during a deploy the application may be newer
        /// than the workers that run. A warning in the log says so at once, and the error at the deadline is `unknownJob` with the nearest known
        /// name. Otherwise it fails with that at once. Inline, where no deploy can bring a handler, it always does. Default: `true`.
        public var waitsForUnknownJobs = true
        /// How many jobs run at once inline, each on a connection of its own. Default: 16.
        public var concurrency = 16
        /// How often an inline client makes and drops partitions of the receipts where its role may (`wherry upkeep`); `nil` leaves that to
        /// others. Default: 1 hour.
        public var upkeepInterval: Duration? = .seconds(3600)
        /// Whether an inline client brings the schema `wherry` up to date when it starts, as `wherry migrate up` does. Default: no, but for
        /// `init(database:)`.
        public var migratesSchema = false

        /// A configuration with the defaults.
        ///
        /// - Parameters:
        ///   - region: where the application runs.
        ///   - primaryRegion: where the primary database is.
        ///   - brokers: endpoints of brokers; empty for a client that runs jobs inline.
        ///   - database: the database to read from.
        public init(region: String, primaryRegion: String, brokers: [String] = [], database: PostgresConfiguration) {
            self.region = region
            self.primaryRegion = primaryRegion
            self.brokers = brokers
            self.database = database
        }

        /// A single machine with one database: the region is `local`, there are no brokers, jobs run in the process if the client is given
        /// their handlers, and the schema `wherry` is made when it is not there.
        ///
        /// - Parameter database: the primary.
        public init(database: PostgresConfiguration) {
            self.init(region: "local", primaryRegion: "local", database: database)
            self.migratesSchema = true
        }

        /// A single machine with one database, by its URL; see `init(database:)` with a `PostgresConfiguration`.
        ///
        /// - Parameter database: a connection URL, for example `postgres://app@localhost/app`, or keywords.
        /// - Throws: ``JobError`` with the code `misconfigured` if it cannot be read.
        public init(database: String) throws(JobError) {
            self.init(database: PostgresConfiguration(database))
            try self.validate()
        }
    }
}

extension WherryClient.Configuration {
    /// Says what makes no sense, before anything is opened.
    func validate() throws(JobError) {
        do throws(SettingsError) {
            try Setting.region.check(self.region)
            try Setting.primaryRegion.check(self.primaryRegion)
            try Setting.scope.check(self.scope)
            _ = try Setting.brokerAddresses(self.brokers)
            try Setting.maximumDeadline.check(self.maximumDeadline)
            try Setting.deadline.check(self.deadline)
            guard self.deadline <= self.maximumDeadline else {
                throw SettingsError(
                    "\(Setting.deadline.name) is \(self.deadline); it must be at most \(self.maximumDeadline), the longest allowed")
            }
            try Setting.resolve.check(self.resolveInterval)
            try Setting.drain.check(self.drainLimit)
            try Setting.maximumPendingJobs.check(self.maximumPendingJobs)
            try Setting.maximumArgumentBytes.check(self.maximumArgumentBytes)
            try Setting.maximumReadConnections.check(self.maximumReadConnections)
            try Setting.concurrency.check(self.concurrency)
            if let upkeepInterval { try Setting.upkeep.check(upkeepInterval) }
        } catch {
            throw JobError(.misconfigured, error.message, region: self.region)
        }
        try self.check(self.database, .database)
        if let primaryDatabase { try self.check(primaryDatabase, .primaryDatabase) }
    }

    private func check(_ database: PostgresConfiguration, _ setting: Setting) throws(JobError) {
        do throws(PostgresError) {
            try database.validate()
        } catch {
            let hint = error.hint.map { ". \($0)" } ?? ""
            throw JobError(.misconfigured, "\(setting.name): \(error.message)\(hint)", region: self.region, cause: error)
        }
    }

    /// Says whether there is anybody to run jobs.
    ///
    /// - Parameter isInline: the client runs them itself.
    func validate(isInline: Bool) throws(JobError) {
        try self.validate()
        guard !isInline else { return }
        let addresses = (try? Setting.brokerAddresses(self.brokers)) ?? []
        guard addresses.contains(where: { $0.region == nil || $0.region == self.primaryRegion }) else {
            let brokers = "set \(Setting.brokers.name) to the endpoints of brokers in \(self.primaryRegion)"
            let message =
                self.region == self.primaryRegion ? "\(brokers), or give the client handlers, and jobs run in this process" : brokers
            throw JobError(.misconfigured, "no broker: \(message)", region: self.region)
        }
    }

    /// What of it concerns the machine, with an incarnation of its own.
    ///
    /// - Parameter isInline: write jobs run in this process, which then stands in the place of the primary's brokers.
    func machine(isInline: Bool) -> ClientMachineConfiguration {
        var generator = SystemRandomNumberGenerator()
        let addresses = (try? Setting.brokerAddresses(self.brokers)) ?? []
        func isPrimary(_ address: BrokerAddress) -> Bool { address.region == nil || address.region == self.primaryRegion }
        var machine = ClientMachineConfiguration(
            brokers: isInline ? [BrokerAddress(endpoint: InlineHost.endpoint)] + addresses.filter { !isPrimary($0) } : addresses,
            region: self.region,
            primaryRegion: self.primaryRegion,
            incarnation: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        )
        machine.scope = self.scope
        machine.readsFromPrimary = isInline && (self.primaryDatabase ?? self.database) == self.database && self.database.namesOneServer
        machine.waitsForUnknownJobs = self.waitsForUnknownJobs && !isInline
        machine.maximumPendingJobs = self.maximumPendingJobs
        machine.maximumArgumentBytes = self.maximumArgumentBytes
        machine.resolving.interval = self.resolveInterval
        return machine
    }
}
