import Logging
import Testing
import WherryCluster
import WherryMigrations
import WherryPostgres
import WherryTestKit

/// Rule 28.
@Suite("Upkeep of a real database", .postgres(.wherry), .timeLimit(.minutes(2)))
struct UpkeepTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func connect(role: String? = nil) async throws -> PostgresConnection {
        var info = TestDatabase.current.primary
        if let role { info.user = role }
        return try await PostgresConnection.connect(PostgresConfiguration(info.keywords), logger: self.logger)
    }

    private func partitions(_ connection: PostgresConnection) async throws -> [String] {
        try await connection.query("SELECT name::text FROM wherry.receipt_partitions ORDER BY from_time").rows.decode(as: String.self)
    }

    /// A partition of ids that are past retention, with a receipt in it.
    private func addOldPartition(_ connection: PostgresConnection) async throws -> String {
        let name = "receipts_20200101_0000"
        for statement in [
            "CREATE TABLE wherry.\(name) (LIKE wherry.receipts INCLUDING ALL)",
            """
            DO $$ BEGIN EXECUTE format('ALTER TABLE wherry.receipts ATTACH PARTITION wherry.\(name) FOR VALUES FROM (%L) TO (%L)',
                wherry.lowest_id('2020-01-01Z'), wherry.lowest_id('2020-01-02Z')); END $$
            """,
            """
            INSERT INTO wherry.receipts (id, outcome, job_name, job_version, digest, scope, content_type, payload, attempts)
            VALUES (wherry.lowest_id('2020-01-01 12:00Z'), 'committed', 'old', 1, '', 'default', '', '', 0)
            """,
        ] { _ = try await connection.query(SQL(unsafe: statement)) }
        return name
    }

    @Test("makes partitions several periods ahead, and none the second time")
    func ahead() async throws {
        let connection = try await self.connect()
        let upkeep = Upkeep(connection: connection, logger: self.logger)
        let before = try await self.partitions(connection)
        #expect(before.count == 9)
        #expect(try await upkeep.run() == Upkeep.Report())
        _ = try await connection.query("UPDATE wherry.settings SET periods_ahead = 10")
        #expect(try await upkeep.run().created.count == 3)
        #expect(try await self.partitions(connection).count == 12)
        await connection.close()
    }

    @Test("drops what is past retention, after it has raised the floor, which never falls")
    func retention() async throws {
        let connection = try await self.connect()
        let name = try await self.addOldPartition(connection)
        _ = try await connection.query(
            """
            INSERT INTO wherry.keys (scope, key, job_name, fingerprint, id, outcome)
            SELECT 'default', to_char(t, 'DDD'), 'old', '', wherry.lowest_id(t), 'committed'
            FROM unnest(ARRAY['2020-01-01 12:00Z', '2020-01-02 00:00Z']::timestamptz[]) AS t
            """)
        let report = try await Upkeep(connection: connection, logger: self.logger).run()
        #expect(report.dropped == [name] && report.postponed.isEmpty)
        #expect(report.expiredKeys == 1)
        #expect(try await connection.query("SELECT wherry.minted_at(id) = '2020-01-02Z' FROM wherry.keys").rows.scalar(as: Bool.self))
        #expect(try await connection.query("SELECT to_regclass('wherry.' || \(name)::text) IS NULL").rows.scalar(as: Bool.self))
        #expect(try await connection.query("SELECT id_floor = '2020-01-02Z' FROM wherry.settings").rows.scalar(as: Bool.self))
        await #expect(throws: PostgresError.self) { try await connection.query("UPDATE wherry.settings SET id_floor = '2020-01-01Z'") }
        await #expect(throws: PostgresError.self) { try await connection.query("DELETE FROM wherry.settings") }
        await #expect { try await connection.query("SELECT wherry.guarded(wherry.lowest_id('2020-01-01 13:00Z'))") } throws: {
            ($0 as? PostgresError)?.sqlState == "WH002"
        }
        await connection.close()
    }

    @Test("neither waits long for an open transaction nor holds up anybody else's insert; the next run finishes")
    func openTransaction() async throws {
        let connection = try await self.connect()
        let name = try await self.addOldPartition(connection)
        let open = try await self.connect()
        for statement in ["BEGIN", "SELECT count(*) FROM wherry.receipts"] { _ = try await open.query(SQL(unsafe: statement)) }
        _ = try await connection.query("UPDATE wherry.settings SET periods_ahead = 8")

        let upkeep = Upkeep(connection: connection, lockTimeout: .milliseconds(200), logger: self.logger)
        let clock = ContinuousClock()
        let start = clock.now
        let report = try await upkeep.run()
        #expect(clock.now - start < .seconds(5))
        #expect(report.created.count == 1, "making partitions waits for no reader")
        #expect(report.postponed == [name] && report.dropped.isEmpty)

        let other = try await self.connect()
        _ = try await other.query("SET lock_timeout = '100ms'")
        _ = try await other.query(
            """
            INSERT INTO wherry.receipts (id, outcome, job_name, job_version, digest, scope, content_type, payload, attempts)
            VALUES (wherry.lowest_id(now()), 'committed', 'new', 1, '', 'default', '', '', 0)
            """)
        _ = try await open.query("COMMIT")
        #expect(try await upkeep.run().dropped == [name])
        #expect(try await connection.query("SHOW lock_timeout").rows.scalar(as: String.self) == "0")
        for connection in [connection, open, other] { await connection.close() }
    }

    @Test("leaves it to the other one if two run at once")
    func twice() async throws {
        let holder = try await self.connect()
        _ = try await holder.query("SELECT pg_advisory_lock(\(0x7768_6572_7279_0002 as Int64))")
        let connection = try await self.connect()
        #expect(try await Upkeep(connection: connection, logger: self.logger).run().isElsewhere)
        await holder.close()
        await connection.close()
    }

    @Test("is done by a worker only where its role owns the receipts")
    func permitted() async throws {
        let database = TestDatabase.current
        let role = "\(database.name)_plain"
        try await database.cluster.primary.makeRole(role)
        let connection = try await self.connect()
        for statement in Grants.worker(role) { _ = try await connection.query(SQL(unsafe: statement)) }
        let plain = try await self.connect(role: role)
        #expect(try await Upkeep(connection: plain, logger: self.logger).runIfPermitted() == nil)
        #expect(try await Upkeep(connection: connection, logger: self.logger).runIfPermitted() == Upkeep.Report())
        for connection in [plain, connection] { await connection.close() }
    }

    @Test(
        "cannot be set so that receipts go before the last copy of a job", arguments: ["retention = '1 day'", "acceptance_age = '7 days'"])
    func settings(change: String) async throws {
        let connection = try await self.connect()
        await #expect { try await connection.query(SQL(unsafe: "UPDATE wherry.settings SET \(change)")) } throws: {
            ($0 as? PostgresError)?.sqlState == .checkViolation
        }
        await connection.close()
    }
}
