extension PostgresServer {
    /// Whether it is a standby now.
    public func isStandby() async throws(ClusterError) -> Bool {
        try await self.psql("SELECT pg_is_in_recovery()") == "t"
    }

    /// Makes this standby a primary, on a timeline of its own.
    public func promote() async throws(ClusterError) {
        do {
            let patience = String(Self.patience.components.seconds)
            try await self.host.command(
                "pg_ctl",
                ["promote", "--pgdata", self.dataFolder, "--wait", "--timeout", patience, "--silent"]
            ).run(within: Self.patience + .seconds(5))
        } catch {
            throw self.failure(error.code, "\(self.name) was not promoted: \(error.message)", cause: error.cause)
        }
        try await self.waitForSQL("SELECT pg_is_in_recovery()", toBe: "f", for: "promoted", within: Self.patience)
    }

    /// Stops replay on this standby; WAL is still received.
    public func pauseReplay() async throws(ClusterError) {
        try await self.psql("SELECT pg_wal_replay_pause()")
        try await self.waitForSQL(
            "SELECT pg_get_wal_replay_pause_state()",
            toBe: "paused",
            for: "pausing its replay",
            within: .seconds(10)
        )
    }

    /// Lets replay go on.
    public func resumeReplay() async throws(ClusterError) {
        try await self.psql("SELECT pg_wal_replay_resume()")
    }

    /// Waits until this standby receives WAL.
    ///
    /// - Parameter limit: default 30 s.
    /// - Throws: `timedOut` with the end of its log.
    public func waitUntilStreaming(within limit: Duration = .seconds(30)) async throws(ClusterError) {
        try await self.waitForSQL("SELECT status FROM pg_stat_wal_receiver", toBe: "streaming", for: "streaming", within: limit)
    }

    /// Waits until this standby receives WAL of another server's own timeline: it follows that one, and not what was before a failover.
    ///
    /// One that has replayed more than the other server knows never does; make it ``rejoin(_:through:)``.
    ///
    /// - Parameters:
    ///   - primary: the server that it is to follow.
    ///   - limit: default 30 s.
    /// - Throws: `timedOut` with the end of its log.
    public func waitUntilStreaming(from primary: PostgresServer, within limit: Duration = .seconds(30)) async throws(ClusterError) {
        let timeline = try await primary.psql("SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer")
        try await self.waitForSQL(
            "SELECT status, received_tli FROM pg_stat_wal_receiver", toBe: "streaming|\(timeline)", for: "streaming from \(primary.name)",
            within: limit)
    }

    /// Waits until this standby has replayed all that another server has flushed when this is called.
    ///
    /// - Parameters:
    ///   - primary: the server that it follows.
    ///   - limit: default 30 s.
    public func waitUntilCaughtUp(with primary: PostgresServer, within limit: Duration = .seconds(30)) async throws(ClusterError) {
        let position = try await primary.psql("SELECT pg_current_wal_flush_lsn()")
        try await self.waitUntilReplayed(position, within: limit)
    }

    /// Waits until this standby has replayed a position, given as PostgreSQL prints it.
    public func waitUntilReplayed(_ position: String, within limit: Duration = .seconds(30)) async throws(ClusterError) {
        try await self.wait(for: "at \(position)", within: limit) { () throws(ClusterError) in
            let sql = "SELECT pg_last_wal_replay_lsn() >= '\(position)', pg_last_wal_replay_lsn(), pg_get_wal_replay_pause_state()"
            let answer = try await self.psql(sql)
            return answer.hasPrefix("t|") ? nil : answer
        }
    }

    /// Follows another place from now on: another primary after a failover, or the same one by way of a proxy. Makes the replication slot there.
    ///
    /// What this server has replayed has to be part of the primary's history; otherwise ``rejoin(_:through:)``.
    ///
    /// - Parameters:
    ///   - primary: the server to follow.
    ///   - port: the port on 127.0.0.1 to reach it by; default: its own.
    public func follow(_ primary: PostgresServer, through port: Int? = nil) async throws(ClusterError) {
        try await primary.makeSlot(for: self)
        try await self.set(self.standbySettings(following: primary, through: port))
    }

    /// Makes this server, once a primary itself, a standby of another one: by `pg_rewind`, or by a new base backup where that cannot do it.
    ///
    /// - Parameters:
    ///   - primary: the server to follow.
    ///   - port: the port on 127.0.0.1 to reach it by; default: its own.
    public func rejoin(_ primary: PostgresServer, through port: Int? = nil) async throws(ClusterError) {
        try await self.stop(.fast)
        try await primary.makeSlot(for: self)
        // pg_rewind reads the timeline from the control file, which a promotion writes a little later than it returns.
        try await primary.psql("CHECKPOINT")
        if try await !self.rewind(to: primary) {
            let part = "\(self.folder)/part"
            try await self.copy(primary, to: part)
            try await self.host.shell("rm -rf \"$2\"; mv \"$1\" \"$2\"", [part, self.dataFolder])
        }
        self.settings = self.settings.merging(self.standbySettings(following: primary, through: port))
        try await self.writeFile("standby.signal", "")
        try await self.start()
        try await self.waitUntilStreaming()
    }

    /// Takes back what another server, which it shares a past with, does not know.
    ///
    /// - Returns: false if that cannot be done: the WAL that it would take is gone, or they share no past.
    private func rewind(to primary: PostgresServer) async throws(ClusterError) -> Bool {
        do {
            try await self.host.command(
                "pg_rewind", ["--target-pgdata", self.dataFolder, "--source-server", primary.localConnection().keywords, "--no-sync"]
            ).run(within: .seconds(120))
            return true
        } catch {
            if error.code == .cancelled { throw error }
            return false
        }
    }

    /// Fills a folder with a standby's data, from a running server.
    func copy(_ primary: PostgresServer, to folder: String) async throws(ClusterError) {
        let arguments = [
            "--pgdata", folder, "--dbname", primary.localConnection().keywords, "--checkpoint=fast", "--wal-method=stream",
            "--slot", self.slot, "--no-sync", "--no-manifest",
        ]
        do {
            try await self.host.command("pg_basebackup", arguments).run(within: .seconds(600))
        } catch {
            throw primary.failure(error.code, "no base backup of \(primary.name) for \(self.name): \(error.message)", cause: error.cause)
        }
        try await self.host.shell("> \"$1/standby.signal\"", [folder])
    }

    /// Makes the replication slot that keeps WAL for a replica, up to `max_slot_wal_keep_size`.
    func makeSlot(for replica: PostgresServer) async throws(ClusterError) {
        let name = replica.slot
        try await self.psql(
            """
            SELECT pg_create_physical_replication_slot('\(name)', true)
            WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '\(name)')
            """
        )
    }

    /// Slots may be named by lower-case letters, digits and underscores only.
    nonisolated var slot: String {
        "wherry_" + String(self.name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    nonisolated func standbySettings(following primary: PostgresServer, through port: Int?) -> ServerSettings {
        var connection = primary.connection()
        connection.port = port ?? connection.port
        return [
            "primary_conninfo": connection.keywords + " application_name='\(self.name)' connect_timeout='5'",
            "primary_slot_name": self.slot,
        ]
    }
}
