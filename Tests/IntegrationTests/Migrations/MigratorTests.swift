import Logging
import Testing
import WherryCluster
import WherryMigrations
import WherryPostgres
import WherryTestKit

@Suite("Migrating a real database", .postgres, .timeLimit(.minutes(2)))
struct MigratorTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func connect(role: String? = nil) async throws -> PostgresConnection {
        var info = TestDatabase.current.primary
        if let role { info.user = role }
        return try await PostgresConnection.connect(PostgresConfiguration(info.keywords), logger: self.logger)
    }

    @Test("goes up, says so, changes nothing the second time, goes down to nothing and up again")
    func upAndDown() async throws {
        let connection = try await self.connect()
        let migrator = Migrator(connection: connection, logger: self.logger)
        #expect(try await migrator.status() == Migrator.Status(applied: [], pending: Migration.all))
        #expect(try await migrator.up() == Array(1...Migrator.newest))
        #expect(try await migrator.up().isEmpty)
        let status = try await migrator.status()
        #expect(status.isUpToDate && status.version == Migrator.newest)
        #expect(try await migrator.down(to: 0) == Array((1...Migrator.newest).reversed()))
        #expect(try await connection.query("SELECT to_regnamespace('wherry') IS NULL").rows.scalar(as: Bool.self))
        #expect(try await migrator.down(to: 0).isEmpty)
        #expect(try await migrator.up() == Array(1...Migrator.newest))
        await connection.close()
    }

    @Test("is done once by whoever comes first of many")
    func atOnce() async throws {
        let connections = [try await self.connect(), try await self.connect(), try await self.connect(), try await self.connect()]
        let logger = self.logger
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
            for connection in connections {
                group.addTask { try await Migrator(connection: connection, logger: logger).up() }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(applied.sorted() == Array(1...Migrator.newest))
        for connection in connections { await connection.close() }
    }

    @Test("prints what psql can run, with the same result")
    func printed() async throws {
        let database = TestDatabase.current
        try await database.psql(Migrator.print())
        let connection = try await self.connect()
        #expect(try await Migrator(connection: connection, logger: self.logger).status().isUpToDate)
        await connection.close()
    }

    @Test("leaves nothing of a version that failed halfway, and tells which")
    func failedHalfway() async throws {
        let connection = try await self.connect()
        for statement in ["CREATE SCHEMA wherry", "CREATE TABLE wherry.receipts (mine int)"] {
            _ = try await connection.query(SQL(unsafe: statement))
        }
        do {
            try await Migrator(connection: connection, logger: self.logger).up()
            Issue.record("a table in the way was not noticed")
        } catch {
            #expect(error.code == .failed)
            #expect(error.message.contains("version 1"))
        }
        #expect(try await connection.query("SELECT to_regclass('wherry.epochs') IS NULL").rows.scalar(as: Bool.self))
        await connection.close()
    }

    @Test("refuses a database that a newer tool migrated, a version that does not exist, a role that may not, a standby")
    func refuses() async throws {
        let database = TestDatabase.current
        let connection = try await self.connect()
        let migrator = Migrator(connection: connection, logger: self.logger)
        await #expect { try await migrator.up(to: 99) } throws: { ($0 as? MigrationError)?.code == .unknownVersion }
        try await migrator.up()

        let role = "\(database.name)_plain"
        try await database.cluster.primary.makeRole(role)
        let plain = try await self.connect(role: role)
        await #expect { try await Migrator(connection: plain, logger: self.logger).down(to: 0) } throws: {
            ($0 as? MigrationError)?.code == .notPermitted
        }
        await plain.close()

        try await database.waitUntilCaughtUp()
        let standby = try await PostgresConnection.connect(PostgresConfiguration(database.replica.keywords), logger: self.logger)
        #expect(try await Migrator(connection: standby, logger: self.logger).status().isUpToDate)
        await #expect { try await Migrator(connection: standby, logger: self.logger).down(to: 0) } throws: {
            ($0 as? MigrationError)?.code == .standby
        }
        await standby.close()

        _ = try await connection.query("INSERT INTO wherry.migrations (version, name) VALUES (99, 'of tomorrow')")
        await #expect { try await migrator.status() } throws: { ($0 as? MigrationError)?.code == .newerSchema }
        await connection.close()
    }

    @Test("does not wait for another migration for ever")
    func busy() async throws {
        let holder = try await self.connect()
        _ = try await holder.query("SELECT pg_advisory_lock(\(0x7768_6572_7279_0001 as Int64))")
        let connection = try await self.connect()
        await #expect { try await Migrator(connection: connection, patience: .seconds(1), logger: self.logger).up() } throws: {
            ($0 as? MigrationError)?.code == .busy
        }
        await holder.close()
        await connection.close()
    }
}
