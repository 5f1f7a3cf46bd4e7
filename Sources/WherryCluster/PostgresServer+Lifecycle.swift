import Foundation

extension PostgresServer {
    /// How a server is asked to stop; PostgreSQL's own three ways.
    public enum Shutdown: String, Sendable {
        /// Waits for every client to leave.
        case smart
        /// Ends the clients' sessions, then stops in good order.
        case fast
        /// At once; the next start recovers as after a crash.
        case immediate
    }

    /// Starts it, and waits until it accepts connections.
    ///
    /// - Throws: `portTaken` if somebody else listens there; `commandFailed`, `timedOut` with the end of its log.
    public func start() async throws(ClusterError) {
        try await self.writeSettings()
        let logged = (try? FileManager.default.attributesOfItem(atPath: self.logFile)[.size] as? UInt64) ?? 0
        let patience = String(Self.patience.components.seconds)
        do {
            try await self.host.command(
                "pg_ctl",
                ["start", "--pgdata", self.dataFolder, "--log", self.logFile, "--wait", "--timeout", patience, "--silent"]
            ).run(within: Self.patience + .seconds(5))
        } catch {
            let log = Self.tail(of: self.logFile, from: logged, lines: 30)
            let taken = log.contains("Address already in use")
            throw ClusterError(
                taken ? .portTaken : error.code,
                "\(self.name) did not start on port \(self.port): \(error.message)",
                serverLog: log,
                cause: error.cause
            )
        }
        self.isFrozen = false
        // pg_ctl is content with a standby that does not accept connections yet.
        try await self.wait(for: "accepting connections", within: Self.patience) { self.accepts ? nil : "not yet" }
    }

    /// Stops it; fine if it does not run.
    ///
    /// - Parameter shutdown: default `fast`.
    public func stop(_ shutdown: Shutdown = .fast) async throws(ClusterError) {
        guard self.isRunning else { return }
        try await self.thaw()
        do {
            let patience = String(Self.patience.components.seconds)
            try await self.host.command(
                "pg_ctl",
                ["stop", "--pgdata", self.dataFolder, "--mode", shutdown.rawValue, "--wait", "--timeout", patience, "--silent"]
            ).run(within: Self.patience + .seconds(5))
        } catch {
            throw self.failure(error.code, "\(self.name) did not stop: \(error.message)", cause: error.cause)
        }
    }

    /// Stops it and starts it again.
    public func restart(_ shutdown: Shutdown = .fast) async throws(ClusterError) {
        try await self.stop(shutdown)
        try await self.start()
    }

    /// Kills the postmaster and all its children at once, by SIGKILL: a crash of everything but the kernel.
    public func crash() async throws(ClusterError) {
        try await self.host.signal("crash \"$1\"", dataFolder: self.dataFolder)
        self.isFrozen = false
    }

    /// Freezes all its processes (SIGSTOP). Its kernel still answers: connections are accepted, keepalives too, and nothing else happens.
    public func freeze() async throws(ClusterError) {
        // Twice: a child may have been born before its parent was stopped.
        try await self.host.signal("send STOP \"$1\"; send STOP \"$1\"", dataFolder: self.dataFolder)
        self.isFrozen = true
    }

    /// Lets a frozen server go on; fine if it is not frozen.
    public func thaw() async throws(ClusterError) {
        guard self.isFrozen else { return }
        try await self.host.signal("send CONT \"$1\"", dataFolder: self.dataFolder)
        self.isFrozen = false
    }

    /// Changes settings and makes the server read them, if it runs. Some take effect only at its next start.
    ///
    /// - Parameter changes: what to change; an empty value is a value, not a reset.
    public func set(_ changes: ServerSettings) async throws(ClusterError) {
        self.settings = self.settings.merging(changes)
        try await self.writeSettings()
        guard self.isRunning else { return }
        // The load time is the transaction's clock, so it may equal that of a question asked before it, never that of one asked after.
        let before = try await self.psql("SELECT pg_conf_load_time()")
        try await self.host.command("pg_ctl", ["reload", "--pgdata", self.dataFolder, "--silent"]).run()
        try await self.waitForSQL(
            "SELECT pg_conf_load_time() > '\(before)'",
            toBe: "t",
            for: "reloading its settings",
            within: .seconds(10)
        )
    }

    /// Whether it has a lock file: it was started, and has not been stopped or crashed.
    var isRunning: Bool {
        FileManager.default.fileExists(atPath: "\(self.dataFolder)/postmaster.pid")
    }

    /// Whether the postmaster says that it accepts connections: line 8 of its lock file.
    private var accepts: Bool {
        guard let lock = try? String(contentsOfFile: "\(self.dataFolder)/postmaster.pid", encoding: .utf8) else { return false }
        let lines = lock.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count > 7 && lines[7].hasPrefix("ready")
    }

    private func writeSettings() async throws(ClusterError) {
        let own: ServerSettings = ["port": String(self.port), "unix_socket_directories": self.socketFolder]
        try await self.writeFile("wherry.conf", self.settings.merging(own).file)
    }

    /// Writes a file of the data folder, as the servers' account.
    func writeFile(_ name: String, _ text: String) async throws(ClusterError) {
        try await self.host.shell("umask 077; cat > \"$1\"", ["\(self.dataFolder)/\(name)"], input: text)
    }
}
