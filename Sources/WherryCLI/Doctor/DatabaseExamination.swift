import Foundation
import Logging
import WherryCore
import WherryJobs
import WherryMigrations
import WherryPostgres

/// Collects what one database says of itself. What the role may not know stays unknown; nothing is changed.
struct DatabaseExamination {
    private let part: DatabaseFacts.Part
    private let configuration: PostgresConfiguration
    private let logger: Logger

    private static let settings = [
        "synchronous_commit", "synchronous_standby_names", "commit_delay", "fsync", "full_page_writes", "statement_timeout", "lock_timeout",
        "idle_in_transaction_session_timeout", "idle_session_timeout", "transaction_timeout", "default_transaction_read_only",
        "max_slot_wal_keep_size", "hot_standby_feedback", "wal_level", "max_connections",
    ]
    private static let clockReadings = 5
    private static let routeReadings = 4

    /// - Parameters:
    ///   - part: what the database is to be.
    ///   - limit: how long connecting may take.
    init(_ part: DatabaseFacts.Part, conninfo: String, within limit: Duration) {
        self.part = part
        var configuration = PostgresConfiguration(conninfo, applicationName: "wherry-doctor")
        configuration.connectTimeout = limit
        self.configuration = configuration
        var logger = Logger(label: "wherry")
        logger.logLevel = .error
        self.logger = logger
    }

    /// Everything.
    func run() async -> DatabaseFacts {
        await self.collect { connection, facts throws(PostgresError) in
            try await self.fillReplication(&facts, from: connection)
            try await self.fill(&facts, from: connection)
        }
    }

    /// Only what tells who replicates from whom, and how far.
    func runReplication() async -> DatabaseFacts {
        await self.collect { connection, facts throws(PostgresError) in try await self.fillReplication(&facts, from: connection) }
    }

    private func collect(
        _ body: (PostgresConnection, inout DatabaseFacts) async throws(PostgresError) -> Void
    ) async -> DatabaseFacts {
        var facts = DatabaseFacts(part: self.part)
        do {
            let connection = try await PostgresConnection.connect(self.configuration, logger: self.logger)
            do throws(PostgresError) {
                try await body(connection, &facts)
            } catch {
                facts.failure = "\(error)"
            }
            await connection.close()
        } catch {
            facts.failure = "\(error)"
        }
        return facts
    }

    private func fillReplication(_ facts: inout DatabaseFacts, from connection: PostgresConnection) async throws(PostgresError) {
        let server = try await connection.query("SELECT current_setting('server_version_num')::int, pg_is_in_recovery()").rows
        guard let row = server.first else { throw PostgresError(.unexpectedShape, "the server says nothing of itself") }
        (facts.version, facts.isStandby) = try row.decode(as: (Int, Bool).self)
        if facts.isStandby {
            facts.replay = try await Self.replay(connection)
        } else {
            let row = try await connection.query(
                "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8), pg_current_wal_flush_lsn()"
            ).rows.first
            if let (timeline, flushed) = try row?.decode(as: (String, LSN).self) {
                facts.timeline = UInt32(timeline, radix: 16)
                facts.flushed = flushed
            }
            facts.standbys = try await Self.standbys(connection)
        }
    }

    private func fill(_ facts: inout DatabaseFacts, from connection: PostgresConnection) async throws(PostgresError) {
        facts.systemIdentifier = await connection.serverIdentity.systemIdentifier
        facts.settings = try await Self.settings(connection)
        facts.clock = try await Self.clock(connection)
        facts.schema = try await Self.schema(connection)
        facts.slots = try await Self.slots(connection)
        facts.privileges = try await Self.privileges(connection)
        facts.partitions = try await Self.partitions(connection)
        if facts.schema != .absent {
            if let rows = try? await connection.query(EpochStore.newest).rows {
                facts.epoch = .some(try rows.first.map { row throws(PostgresError) in try EpochStore.decode(row) })
            }
            facts.retention = try? await Self.retention(connection)
        }
        facts.route = await self.route(connection)
    }

    private static func settings(_ connection: PostgresConnection) async throws(PostgresError) -> [String: String] {
        let rows = try await connection.query("SELECT name, setting FROM pg_settings WHERE name = ANY(\(Self.settings))").rows
        return Dictionary(try rows.decode(as: (String, String).self), uniquingKeysWith: { first, _ in first })
    }

    /// The reading that took the least time says the most.
    private static func clock(_ connection: PostgresConnection) async throws(PostgresError) -> DatabaseFacts.Clock? {
        var best: DatabaseFacts.Clock?
        for _ in 0..<Self.clockReadings {
            let before = Date().timeIntervalSince1970
            let server = try await connection.query("SELECT extract(epoch FROM clock_timestamp())::float8").rows.scalar(as: Double.self)
            let after = Date().timeIntervalSince1970
            let reading = DatabaseFacts.Clock(now: server, offset: server - (before + after) / 2, uncertainty: (after - before) / 2)
            if best.map({ reading.uncertainty < $0.uncertainty }) ?? true { best = reading }
        }
        return best
    }

    private static func schema(_ connection: PostgresConnection) async throws(PostgresError) -> DatabaseFacts.Schema {
        let isThere = try await connection.query("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'wherry')").rows
            .scalar(as: Bool.self)
        guard isThere else { return .absent }
        guard let applied = try? await connection.query("SELECT version FROM wherry.migrations ORDER BY version").rows.decode(as: Int.self)
        else { return .hidden }
        return .versions(applied: applied)
    }

    private static func replay(_ connection: PostgresConnection) async throws(PostgresError) -> DatabaseFacts.Replay? {
        let rows = try await connection.query(
            """
            SELECT pg_last_wal_replay_lsn(), EXISTS (SELECT FROM pg_stat_wal_receiver), pg_get_wal_replay_pause_state()
            """
        ).rows
        guard let (replayed, isReceiving, pauseState) = try rows.first?.decode(as: (LSN?, Bool, String).self) else { return nil }
        return DatabaseFacts.Replay(replayed: replayed, isReceiving: isReceiving, pauseState: pauseState)
    }

    private static func standbys(_ connection: PostgresConnection) async throws(PostgresError) -> [DatabaseFacts.Standby] {
        let rows = try await connection.query(
            """
            SELECT coalesce(nullif(application_name, ''), host(client_addr), 'pid ' || pid), state,
                pg_wal_lsn_diff(pg_current_wal_flush_lsn(), replay_lsn)::bigint
            FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup' ORDER BY 1, pid
            """
        ).rows
        return try rows.decode(as: (String, String?, Int64?).self).map { DatabaseFacts.Standby(name: $0, state: $1, lag: $2) }
    }

    private static func slots(_ connection: PostgresConnection) async throws(PostgresError) -> [DatabaseFacts.Slot] {
        let rows = try await connection.query(
            """
            SELECT slot_name::text, active, wal_status,
                CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint END
            FROM pg_replication_slots WHERE NOT temporary ORDER BY slot_name
            """
        ).rows
        return try rows.decode(as: (String, Bool, String?, Int64?).self).map {
            DatabaseFacts.Slot(name: $0, isActive: $1, state: $2, kept: $3)
        }
    }

    private static func privileges(_ connection: PostgresConnection) async throws(PostgresError) -> DatabaseFacts.Privileges? {
        let roles = try await connection.query(
            """
            SELECT current_user::text, r.rolsuper,
                coalesce((SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = 'wherry' AND c.relname = 'receipts'), false)
            FROM pg_roles r WHERE r.rolname = current_user
            """
        ).rows
        guard let (role, isSuperuser, owns) = try roles.first?.decode(as: (String, Bool, Bool).self) else { return nil }
        let held = try await connection.query(
            """
            SELECT c.relname::text, p.name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p(name)
            WHERE n.nspname = 'wherry' AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND has_table_privilege(c.oid, p.name)
            UNION ALL
            SELECT n.nspname::text, p.name FROM pg_namespace n CROSS JOIN unnest(ARRAY['USAGE', 'CREATE']) AS p(name)
            WHERE n.nspname = 'wherry' AND has_schema_privilege(n.oid, p.name)
            """
        ).rows
        var privileges = DatabaseFacts.Privileges(role: role, isSuperuser: isSuperuser, ownsReceipts: owns, held: [:])
        for (object, privilege) in try held.decode(as: (String, String).self) { privileges.held[object, default: []].insert(privilege) }
        return privileges
    }

    /// From the catalogue, which every role may read, and not from Wherry's view. Bounds are UUIDv7s: 48 bits of milliseconds come first.
    private static func partitions(_ connection: PostgresConnection) async throws(PostgresError) -> DatabaseFacts.Partitions? {
        let rows = try await connection.query(
            """
            SELECT c.relname::text, i.inhdetachpending, pg_get_expr(c.relpartbound, c.oid)
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class parent ON parent.oid = i.inhparent
                JOIN pg_namespace n ON n.oid = parent.relnamespace
            WHERE n.nspname = 'wherry' AND parent.relname = 'receipts' ORDER BY c.relname
            """
        ).rows
        var partitions: DatabaseFacts.Partitions?
        for (name, isPending, bound) in try rows.decode(as: (String, Bool, String?).self) {
            guard let bound, let range = PartitionBound(bound) else { continue }
            var known = partitions ?? DatabaseFacts.Partitions(count: 0, from: range.from, to: range.to)
            known.count += 1
            known.from = min(known.from, range.from)
            known.to = max(known.to, range.to)
            if isPending { known.pendingDetach.append(name) }
            partitions = known
        }
        return partitions
    }

    private static func retention(_ connection: PostgresConnection) async throws(PostgresError) -> DatabaseFacts.Retention? {
        let rows = try await connection.query(
            """
            SELECT extract(epoch FROM retention)::float8, extract(epoch FROM acceptance_age)::float8,
                extract(epoch FROM maximum_deadline)::float8, extract(epoch FROM clock_skew)::float8,
                extract(epoch FROM partition_period)::float8, periods_ahead
            FROM wherry.settings
            """
        ).rows
        guard let values = try rows.first?.decode(as: (Double, Double, Double, Double, Double, Int).self) else { return nil }
        return DatabaseFacts.Retention(
            retention: values.0, acceptanceAge: values.1, maximumDeadline: values.2, clockSkew: values.3, period: values.4,
            periodsAhead: values.5)
    }

    /// Whether the same backend answers every statement, while another connection keeps one busy: a pooler that shares backends then has to use
    /// another one.
    private func route(_ connection: PostgresConnection) async -> DatabaseFacts.Route? {
        let question: SQL = """
            SELECT pg_backend_pid(), coalesce(host(inet_server_addr()), 'local') || ':' || current_setting('port') || ' since '
                || pg_postmaster_start_time()
            """
        var route = DatabaseFacts.Route(announced: connection.backendPID, answered: [], servers: [])
        func look() async throws {
            for (pid, server) in try await connection.query(question).rows.decode(as: (Int32, String).self) {
                route.answered.insert(pid)
                route.servers.insert(server)
            }
        }
        do {
            for _ in 0..<Self.routeReadings { try await look() }
            let other = try await PostgresConnection.connect(self.configuration, logger: self.logger)
            _ = await other.perform(Flight("BEGIN READ ONLY"))
            let result: Result<Void, any Error>
            do {
                result = .success(try await look())
            } catch {
                result = .failure(error)
            }
            _ = await other.perform(Flight("ROLLBACK"))
            await other.close()
            try result.get()
            return route
        } catch {
            // One connection was all there was: what it showed is still something.
            return route.answered.isEmpty ? nil : route
        }
    }
}
