package import Logging
package import WherryCore
package import WherryPostgres
package import WherryWire

/// Which history a server is in: `wherry.epochs` (design.md, "Tokens and epochs").
package enum EpochStore {
    /// The newest epoch of this server's cluster, or no row before the first worker came. Runs on a standby, for a plain role.
    package static let newest: SQL = """
        SELECT e.system_identifier, e.timeline, e.restore_counter, e.random FROM wherry.epochs e \
        WHERE e.system_identifier = (SELECT c.system_identifier FROM pg_catalog.pg_control_system() c) \
        ORDER BY e.timeline DESC, e.restore_counter DESC LIMIT 1
        """

    /// Reads a row of ``newest``.
    package static func decode(_ row: Row) throws(PostgresError) -> Epoch {
        Epoch(
            systemIdentifier: UInt64(bitPattern: try row.decode("system_identifier", as: Int64.self)),
            timeline: UInt32(bitPattern: try row.decode("timeline", as: Int32.self)),
            restoreCounter: UInt32(bitPattern: try row.decode("restore_counter", as: Int32.self)),
            random: UInt64(bitPattern: try row.decode("random", as: Int64.self)))
    }

    /// Finds out which epoch the primary is in, and writes it down first if nobody has: what stands there afterwards counts.
    ///
    /// - Parameters:
    ///   - connection: to the primary, outside any transaction.
    ///   - knownToken: the newest that this process has seen. A server in its epoch whose flushed position lies below it came back from an older
    ///     backup: it gets a new epoch with the restore counter raised.
    /// - Throws: with SQLSTATE `WH004` if the server is a standby.
    package static func establish(
        on connection: PostgresConnection, knownToken: CausalToken?, logger: Logger
    ) async throws(PostgresError) -> PrimaryStatus {
        let server = try await Self.server(on: connection)
        var epoch = try await Self.epoch(of: server, on: connection)
        if epoch == nil {
            epoch = try await Self.insert(
                Epoch(
                    systemIdentifier: server.systemIdentifier, timeline: server.timeline, restoreCounter: 0,
                    random: .random(in: .min ... .max)),
                of: server, on: connection)
            logger.info("this history of the primary had no epoch: wrote one", metadata: [LogKey.epoch: "\(epoch, default: "none")"])
        }
        if let known = knownToken, let found = epoch, known.epoch.relation(to: found) == .same, server.flushed < known.lsn {
            var restored = found
            restored.restoreCounter += 1
            epoch = try await Self.insert(restored, of: server, on: connection)
            logger.warning(
                "the primary is behind what it had flushed: it came back from a backup, so a new epoch begins",
                metadata: [LogKey.epoch: "\(epoch, default: "none")", LogKey.lsn: "\(server.flushed) < \(known.lsn)"])
        }
        guard let epoch else { throw PostgresError(.unexpectedShape, "wherry.epochs shows no row although one was inserted") }
        return PrimaryStatus(epoch: epoch, unixMilliseconds: server.unixMilliseconds)
    }

    /// What a server says of itself.
    private struct Server {
        var systemIdentifier: UInt64
        var timeline: UInt32
        var flushed: LSN
        var unixMilliseconds: Int64
    }

    private static func server(on connection: PostgresConnection) async throws(PostgresError) -> Server {
        // CASE, since a standby has no current position: asking for it raises. The timeline is the first 8 hex digits of the WAL file's name.
        let rows = try await connection.query(
            """
            SELECT pg_catalog.pg_is_in_recovery(), system_identifier, \
            (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::int8, \
            CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8) END, \
            CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_current_wal_flush_lsn() END \
            FROM pg_catalog.pg_control_system()
            """
        ).rows
        guard let row = rows.first else { throw PostgresError(.unexpectedShape, "the server says nothing of itself") }
        let (inRecovery, identifier, clock, timeline, flushed) = try row.decode(as: (Bool, Int64, Int64, String?, LSN?).self)
        guard !inRecovery, let timeline = timeline.flatMap({ UInt32($0, radix: 16) }), let flushed else {
            var error = PostgresError(.server, "the server that is configured as the primary is a standby")
            error.sqlState = Judgement.Raised.standby
            error.hint = "Point the worker at the primary."
            throw error
        }
        return Server(systemIdentifier: UInt64(bitPattern: identifier), timeline: timeline, flushed: flushed, unixMilliseconds: clock)
    }

    /// The newest row, if it is of the server's timeline: an older one tells of the history before a promotion.
    private static func epoch(of server: Server, on connection: PostgresConnection) async throws(PostgresError) -> Epoch? {
        guard let row = try await connection.query(Self.newest).rows.first else { return nil }
        let epoch = try Self.decode(row)
        if epoch.timeline > server.timeline {
            throw PostgresError(
                .unexpectedShape, "wherry.epochs tells of timeline \(epoch.timeline), but the server is on timeline \(server.timeline)",
                hint: "Rows of another server with the same system identifier were copied here: delete them.")
        }
        return epoch.timeline == server.timeline ? epoch : nil
    }

    /// Inserts an epoch, durably, unless another worker was first; reads back what stands.
    private static func insert(_ epoch: Epoch, of server: Server, on connection: PostgresConnection) async throws(PostgresError) -> Epoch? {
        let flight = Flight([
            [
                "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE",
                "SELECT pg_catalog.set_config('synchronous_commit', replace(pg_catalog.current_setting('synchronous_commit'), 'off', 'on'), true)",
                """
                INSERT INTO wherry.epochs (system_identifier, timeline, restore_counter, random) VALUES \
                (\(Int64(bitPattern: epoch.systemIdentifier)), \(Int32(bitPattern: epoch.timeline)), \
                \(Int32(bitPattern: epoch.restoreCounter)), \(Int64(bitPattern: epoch.random))) ON CONFLICT DO NOTHING
                """,
                "COMMIT",
            ]
        ])
        let outcomes = await connection.perform(flight).joined()
        if let error = outcomes.lazy.compactMap(\.error).first {
            _ = await connection.perform(Flight("ROLLBACK"))
            throw error
        }
        return try await Self.epoch(of: server, on: connection)
    }
}
