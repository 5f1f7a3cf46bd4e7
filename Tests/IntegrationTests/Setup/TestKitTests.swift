import Testing
import Wherry
import WherryTestKit

/// The application under test: it imports items, and tells how many there were.
private func importItems(_ items: [Int], with client: WherryClient) async throws -> Int {
    var sum = 0
    for item in items { sum += try await client.call(AddItem(item: item)) }
    return sum
}

@Suite("Tests of application code need no server")
struct JobStubsTests {
    @Test func `its jobs are answered by closures, and can be looked at afterwards`() async throws {
        let stubs = JobStubs()
        stubs.answer(AddItem.self) { job in job.item * 10 }
        try await stubs.withClient { client in
            #expect(try await importItems([1, 2], with: client) == 30)
            let handle = try await client.submit(AddItem(item: 3))
            #expect(try await handle.value == 30)
        }
        #expect(stubs.jobs(AddItem.self).map(\.item) == [1, 2, 3])
    }

    @Test func `failures arrive with their payloads, as from a worker`() async throws {
        let stubs = JobStubs()
        stubs.answer(AddItemThenFail.self) { job in throw JobFailure(ItemRejected(item: job.item)) }
        try await stubs.withClient { client in
            let error = try await jobError { try await client.call(AddItemThenFail(item: 4)) }
            #expect(error.code == .handlerFailed)
            #expect(try error.payload(as: ItemRejected.self) == ItemRejected(item: 4))
            let unknown = try await jobError { try await client.call(AddItem(item: 1)) }
            #expect(unknown.code == .unknownJob)
        }
    }

    @Test func `deadlines end jobs, and nothing can be read`() async throws {
        let stubs = JobStubs()
        stubs.answer(AddItem.self) { job in
            try await Task.sleep(for: .seconds(3600))
            return job.item
        }
        try await stubs.withClient { client in
            let error = try await jobError { try await client.call(AddItem(item: 1), deadline: .milliseconds(50)) }
            #expect(error.code == .expired)
            let read = try await jobError { _ = try await client.read { db in try await db.scalar("SELECT 1", as: Int.self) } }
            #expect(read.code == .misconfigured)
        }
    }
}

@Suite("A handler is tried and undone", .postgres(.wherry), .timeLimit(.minutes(2)))
struct RehearsalTests {
    private var database: PostgresConfiguration { PostgresConfiguration(TestDatabase.current.primary.url) }

    @Test func `what it returned and would have changed is told, and nothing is left`() async throws {
        let rehearsal = try await Handlers.items.rehearse(AddItem(item: 7), on: self.database) { db in
            let items = try await db.query("SELECT item FROM items", as: Int.self)
            #expect(items == [7], "it can be looked at from within")
        }
        #expect(rehearsal.output == 7)
        #expect(rehearsal.changes == [.init("public.items", inserted: 1)])
        #expect(try await TestDatabase.current.psql("SELECT count(*) FROM items") == "0")
        #expect(try await TestDatabase.current.psql("SELECT count(*) FROM wherry.receipts") == "0")
    }

    @Test func `what it throws is what its caller would get`() async throws {
        let error = try await jobError { _ = try await Handlers.items.rehearse(AddItemThenFail(item: 7), on: self.database) }
        #expect(error.code == .handlerFailed)
        #expect(try error.payload(as: ItemRejected.self) == ItemRejected(item: 7))
    }

    @Test func `a deferred constraint strikes as it would at COMMIT`() async throws {
        try await TestDatabase.current.psql(
            "ALTER TABLE items ADD UNIQUE (item) DEFERRABLE INITIALLY DEFERRED; INSERT INTO items VALUES (7)")
        let error = try await jobError { _ = try await Handlers.items.rehearse(AddItem(item: 7), on: self.database) }
        #expect(error.message.contains("23505"), "\(error)")
    }
}

@Suite("Two regions in a few lines", .regions(handlers: .items, schema: "CREATE TABLE items (item int)"), .timeLimit(.minutes(2)))
struct TestRegionsTests {
    @Test func `an item added in one region is seen there at once, and in the other`() async throws {
        let regions = TestRegions.current
        let items: SQL = "SELECT item FROM items ORDER BY item"
        try await regions.far.call(AddItem(item: 1))
        #expect(try await regions.far.read { db in try await db.query(items, as: Int.self) } == [1])
        try await regions.near.call(AddItem(item: 2))
        #expect(try await regions.near.read { db in try await db.query(items, as: Int.self) } == [1, 2])
        try await regions.database.waitUntilCaughtUp()
        #expect(try await regions.far.read { db in try await db.query(items, as: Int.self) } == [1, 2])
    }

    @Test func `each test has a database of its own`() async throws {
        let count = try await TestRegions.current.near.read { db in try await db.scalar("SELECT count(*) FROM items", as: Int.self) }
        #expect(count == 0)
    }
}
