import Foundation
import Testing
import Wherry
import WherryTestKit

@Suite("Reads see what they were promised", .timeLimit(.minutes(3)))
struct ReadTests {
    @Test func `at every level of consistency a read sees what that level says`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let client = regions.client
            for item in 0..<30 {
                // Committed by somebody else, at the primary: only a global read must see it.
                try await regions.database.psql("INSERT INTO items VALUES (\(1_000 + item))")
                #expect(try await client.read(.global) { try await $0.has(1_000 + item) })
                let handle = try await client.submit(AddItem(item: item))
                let token = try await handle.committed
                #expect(try await client.read(.token(token)) { try await $0.has(item) })
                _ = try await handle.value
                #expect(try await client.read { try await $0.has(item) })
            }
            let count = try await client.read(.eventual, isolation: .repeatableRead) { db in
                try await db.scalar("SELECT count(*) FROM items", as: Int.self)
            }
            #expect(count > 0)
        }
    }

    @Test func `many global reads at once share their questions`() async throws {
        try await Regions.run(handlers: .items) { regions in
            try await regions.client.call(AddItem(item: 1))
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<300 { group.addTask { try await regions.client.read(.global) { try await $0.has(1) } } }
                for try await hasIt in group { #expect(hasIt) }
            }
        }
    }

    @Test func `several statements of a repeatable read see one state, that of after the gate`() async throws {
        try await Regions.run(handlers: .items) { regions in
            for item in 0..<30 {
                let token = try await regions.client.submit(AddItem(item: item)).committed
                let counts = try await regions.client.read(.token(token), isolation: .repeatableRead) { db in
                    let first = try await db.scalar("SELECT count(*) FROM items", as: Int.self)
                    try await regions.client.call(AddItem(item: -1))
                    return (first, try await db.scalar("SELECT count(*) FROM items", as: Int.self))
                }
                #expect(counts.0 == counts.1)
                #expect(counts.0 == 2 * item + 1)
            }
        }
    }

    @Test func `a reader by other means waits for a token, and then sees it`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let other = try await PostgresConnection.connect(
                PostgresConfiguration(regions.database.replica.keywords), logger: regions.logger)
            for item in 0..<30 {
                let token = try await regions.client.submit(AddItem(item: item)).committed
                try await regions.client.waitUntilVisible(token)
                #expect(try await other.query("SELECT EXISTS (SELECT FROM items WHERE item = \(item))").rows.scalar(as: Bool.self))
            }
            await other.close()
        }
    }

    @Test(arguments: [
        ("INSERT INTO items VALUES (1)", IsolationLevel.readCommitted), ("SELECT * FROM items FOR UPDATE", .readCommitted),
        ("CREATE TEMPORARY TABLE t ()", .readCommitted), ("NOTIFY x", .readCommitted), ("SELECT nextval('numbers')", .repeatableRead),
        ("SELECT * FROM scratch", .readCommitted), ("SELECT 1", .serializable),
    ]) func `what a replica cannot do is told with what to do instead`(statement: String, isolation: IsolationLevel) async throws {
        try await Regions.run(handlers: .items, workers: 0) { regions in
            try await regions.database.psql("CREATE SEQUENCE numbers; CREATE UNLOGGED TABLE scratch ()")
            try await regions.database.waitUntilCaughtUp()
            let error = try await jobError {
                _ = try await regions.client.read(isolation: isolation) { db in try await db.execute(SQL(unsafe: statement)) }
            }
            #expect(error.code == .readOnly, "\(error)")
            #expect(error.cause is PostgresError)
        }
    }

    @Test func `errors of statements, and of the closure, stay what they are`() async throws {
        struct Mine: Error {}
        try await Regions.run(handlers: .items, workers: 0) { regions in
            await #expect(throws: PostgresError.self) { try await regions.client.read { db in try await db.query("SELECT 1 / 0") } }
            await #expect(throws: Mine.self) { try await regions.client.read { _ in throw Mine() } }
            let error = await #expect(throws: PostgresError.self) {
                try await regions.client.read { db in _ = try? await db.query("SELECT nonsense") }
            }
            #expect(error?.code == .rolledBack)
        }
    }

    @Test func `on the primary itself a session and a global read need nobody`() async throws {
        try await Regions.run(
            handlers: .items, workers: 1,
            adjust: { $0.region = "syd" },
            { regions in
                var configuration = regions.configuration
                configuration.database = PostgresConfiguration(regions.database.primary.keywords)
                try await WherryClient.withClient(configuration, logger: regions.logger) { client in
                    try await client.call(AddItem(item: 1))
                    #expect(try await client.read { try await $0.has(1) })
                    try await regions.database.psql("INSERT INTO items VALUES (2)")
                    #expect(try await client.read(.global) { try await $0.has(2) })
                }
            })
    }

    @Test func `a client runs once, and says so`() async throws {
        try await Regions.run(handlers: .items, workers: 0) { regions in
            _ = try await regions.client.read { try await $0.has(1) }  // it runs
            let error = try await jobError { try await regions.client.run() }
            #expect(error.code == .misconfigured)
            #expect(error.message.contains("twice"))
            #expect(try await regions.itemsHere() == 0, "and goes on")
        }
    }
}

extension Transaction {
    /// Whether `items` has an item.
    func has(_ item: Int) async throws -> Bool {
        try await self.scalar("SELECT EXISTS (SELECT FROM items WHERE item = \(item))", as: Bool.self)
    }
}
