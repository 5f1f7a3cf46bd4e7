import Foundation

/// One PostgreSQL server of a ``Cluster``: a postmaster, its data folder, its log.
///
/// Its operations are meant to be called one after another. Each either has its effect before it returns, or throws with the end of the
/// server's log.
public actor PostgresServer {
    /// The region's name; also its `application_name` towards the primary.
    public nonisolated let name: String
    /// The TCP port on 127.0.0.1; the same after a restart.
    public nonisolated let port: Int
    /// The folder with its `data` folder and `log` file.
    public nonisolated let folder: String
    /// The folder of its Unix socket, open to the servers' account only; connections through it need no password.
    public nonisolated let socketFolder: String

    nonisolated let host: ServerHost
    nonisolated let password: String

    /// What `wherry.conf` in the data folder says. On a standby, where to replicate from is part of it.
    var settings: ServerSettings

    /// True between ``freeze()`` and ``thaw()``.
    var isFrozen = false

    /// How long a server may take to start, to stop and to be promoted.
    static let patience = Duration.seconds(60)

    init(name: String, port: Int, folder: String, socketFolder: String, host: ServerHost, password: String, settings: ServerSettings) {
        self.name = name
        self.port = port
        self.folder = folder
        self.socketFolder = socketFolder
        self.host = host
        self.password = password
        self.settings = settings
    }

    nonisolated var dataFolder: String { "\(self.folder)/data" }
    nonisolated var logFile: String { "\(self.folder)/log" }

    // MARK: Connecting

    /// How to connect over TCP.
    ///
    /// - Parameters:
    ///   - database: the database; default `postgres`.
    ///   - user: the role; default `postgres`, the superuser. Other roles are made by ``makeRole(_:options:)``, which gives them the same
    ///     password.
    public nonisolated func connection(database: String = "postgres", user: String = "postgres") -> ConnectionInfo {
        ConnectionInfo(host: "127.0.0.1", port: self.port, user: user, password: self.password, database: database)
    }

    /// How to connect over TCP, in libpq's keyword form; see ``connection(database:user:)``.
    public nonisolated func conninfo(database: String = "postgres", user: String = "postgres") -> String {
        self.connection(database: database, user: user).keywords
    }

    /// How to connect over TCP, in libpq's URL form; see ``connection(database:user:)``.
    public nonisolated func url(database: String = "postgres", user: String = "postgres") -> String {
        self.connection(database: database, user: user).url
    }

    /// How the servers' account connects: through the Unix socket, so that no command line shows a password.
    nonisolated func localConnection(database: String = "postgres", user: String = "postgres") -> ConnectionInfo {
        ConnectionInfo(host: self.socketFolder, port: self.port, user: user, database: database)
    }

    /// Runs SQL through `psql`, statement by statement: for set-up, and for looking at a server from outside.
    ///
    /// - Parameters:
    ///   - sql: any number of statements; the first that fails ends it.
    ///   - database: the database; default `postgres`.
    ///   - user: the role; default the superuser.
    ///   - limit: afterwards `psql` is killed; default 60 s.
    /// - Returns: the rows, one a line, columns separated by `|`, without headings.
    /// - Throws: `commandFailed` with what the server said, SQLSTATE included.
    @discardableResult
    public nonisolated func psql(
        _ sql: String,
        database: String = "postgres",
        user: String = "postgres",
        within limit: Duration = .seconds(60)
    ) async throws(ClusterError) -> String {
        let connection = self.localConnection(database: database, user: user)
        let arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "SHOW_CONTEXT=never", "-v", "VERBOSITY=verbose"]
        do {
            return try await self.host.command(
                "psql",
                arguments + ["-d", connection.keywords, "-f", "-"],
                input: sql,
                environment: ["PGCONNECT_TIMEOUT": "5"]
            ).run(within: limit)
        } catch {
            throw self.failure(error.code, "psql on \(self.name): \(error.message)", cause: error.cause, withLog: false)
        }
    }

    /// Makes a role that can log in over TCP with the cluster's password.
    ///
    /// - Parameters:
    ///   - role: its name.
    ///   - options: more of `CREATE ROLE`'s options, such as `NOINHERIT`.
    public func makeRole(_ role: String, options: String = "") async throws(ClusterError) {
        let name = role.replacing("\"", with: "\"\"")
        try await self.psql("CREATE ROLE \"\(name)\" LOGIN PASSWORD '\(self.password)' \(options)")
    }

    // MARK: What went wrong

    /// The end of the server's log.
    public nonisolated func logTail(lines: Int = 30) -> String {
        Self.tail(of: self.logFile, from: 0, lines: lines)
    }

    nonisolated func failure(
        _ code: ClusterError.Code,
        _ message: String,
        cause: (any Error)? = nil,
        withLog: Bool = true
    ) -> ClusterError {
        ClusterError(code, message, serverLog: withLog ? self.logTail() : nil, cause: cause)
    }

    /// At most the last 64 KiB of a file are looked at.
    static func tail(of file: String, from offset: UInt64, lines: Int) -> String {
        guard let handle = FileHandle(forReadingAtPath: file) else { return "" }
        defer { try? handle.close() }
        guard let end = try? handle.seekToEnd(), end > offset else { return "" }
        let start = max(offset, end > 65_536 ? end - 65_536 : 0)
        guard (try? handle.seek(toOffset: start)) != nil, let data = try? handle.readToEnd() else { return "" }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").suffix(lines).joined(separator: "\n")
    }
}
