/// How to reach a PostgreSQL server, and what to ask of each connection.
///
/// Its description shows no password.
public struct PostgresConfiguration: Sendable, Hashable {
    /// A connection URL or a string of keywords, as libpq takes it (manual, "Connection Strings"); what it leaves out comes from the
    /// environment (`PGHOST` and so on), the service file and the password file, as with `psql`.
    public var conninfo: String
    /// What `pg_stat_activity` shows, unless `conninfo` says; default `wherry`.
    public var applicationName: String
    /// How long making a connection may take in all, name resolution included; default 5 s.
    ///
    /// Of several hosts each gets an equal share.
    public var connectTimeout: Duration
    /// How long the server may take to end a statement after it was asked to cancel it; then the connection is closed. Default 5 s.
    public var cancelTimeout: Duration
    /// Settings that each session starts with, for example `["statement_timeout": "30s"]`; `RESET ALL` comes back to them.
    public var sessionSettings: [String: String]
    /// When to give up a server that does not answer; `nil` leaves it to the operating system. What `conninfo` says goes first.
    public var keepalive: Keepalive?

    /// When TCP gives up a peer that says nothing.
    public struct Keepalive: Sendable, Hashable {
        /// How long a connection is silent before the first probe; whole seconds, default 10 s.
        public var idle: Duration = .seconds(10)
        /// How long between probes; whole seconds, default 5 s.
        public var interval: Duration = .seconds(5)
        /// How many probes may go unanswered; default 3.
        public var count: Int = 3
        /// How long sent data may go unacknowledged; default 20 s.
        public var userTimeout: Duration = .seconds(20)

        /// The defaults.
        public init() {}
    }

    /// Makes a configuration with the defaults.
    public init(_ conninfo: String = "", applicationName: String = "wherry") {
        self.conninfo = conninfo
        self.applicationName = applicationName
        self.connectTimeout = .seconds(5)
        self.cancelTimeout = .seconds(5)
        self.sessionSettings = [:]
        self.keepalive = Keepalive()
    }
}

extension PostgresConfiguration {
    /// Reads `conninfo` without connecting.
    ///
    /// - Throws: ``PostgresError/Code/invalidConfiguration``, which quotes nothing of it.
    package func validate() throws(PostgresError) {
        _ = try ConnectionOptions(parsing: self.conninfo)
    }

    /// Whether it can lead to one server only: no list of hosts.
    package var namesOneServer: Bool {
        guard let options = try? ConnectionOptions.attempts(for: self) else { return false }
        return options.count == 1
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Host, port, database and user; never the password.
    public var description: String {
        guard let options = try? ConnectionOptions(parsing: self.conninfo) else { return "PostgresConfiguration(unreadable)" }
        let shown = ["host", "hostaddr", "port", "dbname", "user", "service"].compactMap { key in options[key].map { "\(key)=\($0)" } }
        return "PostgresConfiguration(\(shown.joined(separator: " ")))"
    }

    /// The same.
    public var debugDescription: String {
        self.description
    }

    /// Nothing that `dump` could show.
    public var customMirror: Mirror {
        Mirror(self, children: ["description": self.description])
    }
}
