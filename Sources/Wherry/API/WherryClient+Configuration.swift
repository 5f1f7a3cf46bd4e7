public import Foundation
import WherryCore
public import WherryJobs
public import WherryPostgres

extension WherryClient {
    /// Where a client stands, where its brokers and its database are, and its limits.
    public struct Configuration: Sendable {
        /// The region that the application runs in, for example `lax`.
        public var region: String
        /// The region of the primary database, for example `syd`: where jobs run.
        public var primaryRegion: String
        /// The endpoints of brokers, for example `tcp://broker-1:7400`: those of the primary's region, to any of which a write job goes, and, as
        /// `lax=tcp://broker.lax:7400`, those of other regions, for region jobs. A host name stands for all of its addresses, which are looked up
        /// every ``resolveInterval`` and when a broker was lost.
        public var brokers: [String]
        /// The database to read from: the replica in this region, or the primary where there is none. One server, not a name that stands for
        /// several: what was seen on one says nothing about another.
        public var database: PostgresConfiguration
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

        /// A configuration with the defaults.
        ///
        /// - Parameters:
        ///   - region: where the application runs.
        ///   - primaryRegion: where the primary database is.
        ///   - brokers: endpoints of brokers in the primary's region.
        ///   - database: the database to read from.
        public init(region: String, primaryRegion: String, brokers: [String], database: PostgresConfiguration) {
            self.region = region
            self.primaryRegion = primaryRegion
            self.brokers = brokers
            self.database = database
        }
    }
}

extension WherryClient.Configuration {
    /// Reads a configuration from environment variables.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `WHERRY_REGION` | ``region``; required |
    /// | `WHERRY_PRIMARY_REGION` | ``primaryRegion``; required |
    /// | `WHERRY_BROKERS` | ``brokers``, separated by commas; required |
    /// | `DATABASE_URL` | ``database``; required |
    /// | `WHERRY_DEADLINE_SECONDS` | ``deadline`` |
    ///
    /// - Parameter environment: by default this process's.
    /// - Throws: ``JobError`` with the code `misconfigured`, which names the variable and what it should be.
    public static func fromEnvironment(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(JobError) -> WherryClient.Configuration {
        func value(_ name: String) -> String? {
            let text = environment[name]?.trimmingCharacters(in: .whitespaces)
            return text?.isEmpty ?? true ? nil : text
        }
        func required(_ name: String, _ example: String) throws(JobError) -> String {
            guard let value = value(name) else {
                throw JobError(.misconfigured, "the environment variable \(name) is missing: set it, for example to \(example)")
            }
            return value
        }
        var configuration = WherryClient.Configuration(
            region: try required("WHERRY_REGION", "lax"),
            primaryRegion: try required("WHERRY_PRIMARY_REGION", "syd"),
            brokers: try required("WHERRY_BROKERS", "tcp://broker.syd.example:7400")
                .split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty },
            database: PostgresConfiguration(try required("DATABASE_URL", "postgres://user@replica.lax.example/app"))
        )
        if let text = value("WHERRY_DEADLINE_SECONDS") {
            guard let seconds = Double(text), seconds.isFinite, abs(seconds) < 1e9 else {
                throw JobError(.misconfigured, "WHERRY_DEADLINE_SECONDS is '\(text)', which is no number of seconds")
            }
            configuration.deadline = .seconds(seconds)
        }
        try configuration.validate()
        return configuration
    }

    /// Says what makes no sense, before anything is opened.
    func validate() throws(JobError) {
        func check(_ holds: Bool, _ message: @autoclosure () -> String) throws(JobError) {
            if !holds { throw JobError(.misconfigured, message(), region: self.region) }
        }
        for region in [self.region, self.primaryRegion] {
            try check((1...200).contains(region.utf8.count), "the region '\(region)' must have 1 to 200 bytes")
        }
        try check(!self.brokers.isEmpty, "no broker: set WHERRY_BROKERS to the endpoints of brokers in \(self.primaryRegion)")
        let addresses = try self.brokerAddresses()
        try check(
            addresses.contains { $0.region == nil || $0.region == self.primaryRegion },
            "no broker of the primary's region \(self.primaryRegion) is among \(self.brokers.joined(separator: ", "))"
        )
        try check(Set(self.brokers).count == self.brokers.count, "a broker stands twice in \(self.brokers.joined(separator: ", "))")
        try check(self.maximumDeadline > .zero, "the longest deadline must be more than zero")
        try check(
            self.deadline > .zero && self.deadline <= self.maximumDeadline,
            "the deadline is \(self.deadline); it must be more than zero and at most \(self.maximumDeadline)"
        )
        try check(self.resolveInterval >= .milliseconds(100), "the resolve interval must be at least 100 ms")
        try check(self.drainLimit >= .zero, "the drain limit must not be negative")
        try check((1...1_000_000).contains(self.maximumPendingJobs), "the pending jobs must be limited to 1 to 1000000")
        try check((1...8 << 20).contains(self.maximumArgumentBytes), "the arguments must be limited to 1 byte to 8 MiB")
        try check((1...1_000).contains(self.maximumReadConnections), "the read connections must be limited to 1 to 1000")
        try check((1...200).contains(self.scope.utf8.count), "the scope must have 1 to 200 bytes")
    }

    private func brokerAddresses() throws(JobError) -> [BrokerAddress] {
        var addresses: [BrokerAddress] = []
        for text in self.brokers {
            do {
                addresses.append(try BrokerAddress(parsing: text))
            } catch {
                throw JobError(.misconfigured, error.description, region: self.region)
            }
        }
        return addresses
    }

    /// What of it concerns the machine, with an incarnation of its own.
    func makeMachineConfiguration() throws(JobError) -> ClientMachineConfiguration {
        var generator = SystemRandomNumberGenerator()
        var machine = ClientMachineConfiguration(
            brokers: try self.brokerAddresses(),
            region: self.region,
            primaryRegion: self.primaryRegion,
            incarnation: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        )
        machine.scope = self.scope
        machine.maximumPendingJobs = self.maximumPendingJobs
        machine.maximumArgumentBytes = self.maximumArgumentBytes
        machine.resolving.interval = self.resolveInterval
        return machine
    }
}
