public import Foundation
public import WherryBroker
public import WherryPostgres
import WherryWire

extension Worker {
    /// Where a worker's brokers and its database are, and how much it does at once.
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
        /// Whether the worker runs single statements that clients send it (`client.execute`), each as a job of its own. Default: yes.
        ///
        /// Switch it off where clients must not write but by the jobs that you have written.
        public var executesStatements = true
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
    /// Reads a configuration from environment variables.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `WHERRY_REGION` | ``region``; required |
    /// | `WHERRY_BROKERS` | ``brokers``, separated by commas; required unless there is a `WHERRY_BIND` |
    /// | `WHERRY_BIND` | endpoints, separated by commas, where a ``broker`` in this process listens, for example `tcp://*:7400` |
    /// | `DATABASE_URL` | ``database``; required |
    /// | `WHERRY_CONCURRENCY` | ``concurrency`` |
    /// | `WHERRY_DRAIN_SECONDS` | ``drainLimit`` |
    ///
    /// - Parameter environment: by default this process's.
    /// - Throws: ``WorkerError`` with the code `invalidConfiguration`, which names the variable and what it should be.
    public static func fromEnvironment(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(WorkerError) -> Worker.Configuration {
        func value(_ name: String) -> String? {
            guard let text = environment[name]?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
            return text
        }
        func list(_ name: String) -> [String] {
            value(name)?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty } ?? []
        }
        func required(_ name: String, _ example: String) throws(WorkerError) -> String {
            guard let value = value(name) else {
                throw WorkerError(.invalidConfiguration, "the environment variable \(name) is missing: set it, for example to \(example)")
            }
            return value
        }
        func number(_ name: String, _ default: Int) throws(WorkerError) -> Int {
            guard let text = value(name) else { return `default` }
            guard let number = Int(text) else {
                throw WorkerError(.invalidConfiguration, "\(name) is '\(text)', which is no whole number")
            }
            return number
        }
        let region = try required("WHERRY_REGION", "syd")
        let database = try required("DATABASE_URL", "postgres://user@primary.example/app")
        let binds = list("WHERRY_BIND")
        var configuration = Worker.Configuration(
            region: region,
            brokers: list("WHERRY_BROKERS"),
            database: PostgresConfiguration(database, applicationName: "wherry-worker"),
            broker: binds.isEmpty ? nil : BrokerConfiguration(region: region, binds: binds)
        )
        configuration.concurrency = try number("WHERRY_CONCURRENCY", configuration.concurrency)
        configuration.drainLimit = .seconds(try number("WHERRY_DRAIN_SECONDS", 20))
        try configuration.validate()
        return configuration
    }

    /// Says what makes no sense, before anything is opened.
    func validate() throws(WorkerError) {
        func check(_ holds: Bool, _ message: @autoclosure () -> String) throws(WorkerError) {
            if !holds { throw WorkerError(.invalidConfiguration, message()) }
        }
        try check((1...200).contains(self.region.utf8.count), "the region '\(self.region)' must have 1 to 200 bytes")
        try check(
            !self.brokers.isEmpty || self.broker != nil,
            "no broker: set WHERRY_BROKERS to the brokers' endpoints, or WHERRY_BIND to run one in this process"
        )
        for endpoint in self.brokers {
            try check(
                ["tcp://", "ipc://", "inproc://"].contains { endpoint.hasPrefix($0) },
                "the broker endpoint '\(endpoint)' must begin with tcp://, ipc:// or inproc://"
            )
        }
        try check(Set(self.brokers).count == self.brokers.count, "a broker stands twice in \(self.brokers.joined(separator: ", "))")
        try check(
            self.broker.map { $0.region == self.region } ?? true,
            "the broker in this process is of another region (\(self.broker?.region ?? "")) than the worker (\(self.region))"
        )
        try check((1...1000).contains(self.concurrency), "the concurrency is \(self.concurrency); it must be 1 to 1000")
        try check(self.drainLimit >= .zero, "the drain limit must not be negative")
        try check(self.heartbeatInterval >= .milliseconds(10), "the heartbeat interval must be at least 10 ms")
        let largest = WireLimits().maximumPayloadSize
        try check((1024...largest).contains(self.maximumPayloadSize), "the largest payload must have 1024 to \(largest) bytes")
        try check(self.upkeepInterval.map { $0 >= .seconds(1) } ?? true, "the upkeep interval must be at least 1 s")
    }
}
