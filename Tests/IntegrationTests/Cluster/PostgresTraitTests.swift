import Testing
import WherryTestKit

extension DatabaseTemplate {
    fileprivate static let harbour = DatabaseTemplate("harbour") { database in
        try await database.psql("CREATE TABLE ship (name text); INSERT INTO ship VALUES ('wherry')")
    }
}

@Suite("The trait .postgres", .postgres(.harbour), .timeLimit(.minutes(2)))
struct PostgresTraitTests {
    @Test("gives every test a copy of the template, on the primary and on the replica", arguments: 1...4)
    func copies(number: Int) async throws {
        let database = TestDatabase.current
        #expect(try await database.psqlOnReplica("SELECT name FROM ship") == "wherry")
        try await database.psql("INSERT INTO ship VALUES ('boat \(number)')")
        try await database.waitUntilCaughtUp()
        #expect(try await database.psqlOnReplica("SELECT name FROM ship WHERE name <> 'wherry'") == "boat \(number)")
        #expect(database.primary.database == database.replica.database)
        #expect(database.primary.port != database.replica.port)
    }

    @Test("drops the database when its body has ended, also by an error")
    func drops() async throws {
        struct Broken: Error {}
        var name = ""
        await #expect(throws: Broken.self) {
            try await SharedCluster.withDatabase { database in
                name = database.name
                throw Broken()
            }
        }
        let cluster = try await SharedCluster.cluster()
        #expect(try await cluster.primary.psql("SELECT count(*) FROM pg_database WHERE datname = '\(name)'") == "0")
        #expect(!name.isEmpty)
    }
}
