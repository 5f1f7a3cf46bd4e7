import Testing
import WherryTestKit

@Suite("wherry migrate and wherry upkeep", .postgres, .timeLimit(.minutes(2)))
struct MigrateToolTests {
    @Test("Up, status, upkeep and down do what they say, and say when there is nothing to do")
    func upAndDown() async throws {
        let database = TestDatabase.current
        func tool(_ arguments: String...) async throws -> Tool.Run {
            try await Tool.run(arguments, environment: ["DATABASE_URL": database.primary.url])
        }

        let before = try await tool("migrate", "status")
        #expect(before.status == 2)
        #expect(before.output.contains("missing  1"))

        let up = try await tool("migrate", "up")
        #expect(up.status == 0)
        #expect(up.output.contains("applied 1"))
        #expect(try await tool("migrate", "up").output.contains("nothing to do"))
        #expect(try await tool("migrate", "status").status == 0)

        try await database.waitUntilCaughtUp()
        let onReplica = try await Tool.run("migrate", "status", "--database", database.replica.url)
        #expect(onReplica.status == 0)
        let upOnReplica = try await Tool.run("migrate", "up", "--database", database.replica.url)
        #expect(upOnReplica.status == 1)
        #expect(upOnReplica.errors.contains("standby"))

        #expect(try await tool("upkeep").status == 0)

        let down = try await tool("migrate", "down", "--to", "0", "--delete-receipts")
        #expect(down.status == 0)
        #expect(try await database.psql("SELECT to_regnamespace('wherry') IS NULL") == "t")
    }

    @Test("What print prints makes the same schema")
    func print() async throws {
        let database = TestDatabase.current
        let sql = try await Tool.run("migrate", "print")
        #expect(sql.status == 0)
        try await database.psql(sql.output)
        #expect(try await Tool.run("migrate", "status", "--database", database.primary.url).status == 0)
    }

    @Test("A role without the privilege ends with 77; upkeep before any migration says what to run")
    func refusals() async throws {
        let database = TestDatabase.current
        let role = "outsider_\(database.primary.database)"
        try await database.psql("CREATE ROLE \(role) LOGIN PASSWORD '\(database.primary.password ?? "")'")
        var connection = database.primary
        connection.user = role
        let refused = try await Tool.run("migrate", "up", "--database", connection.url)
        #expect(refused.status == 77)

        let upkeep = try await Tool.run("upkeep", "--database", database.primary.url)
        #expect(upkeep.status == 1)
        #expect(upkeep.errors.contains("wherry migrate up"))
        try await database.psql("DROP ROLE \(role)")
    }
}
