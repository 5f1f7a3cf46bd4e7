import Logging
import Synchronization
import Testing
import Wherry
import WherryCore
import WherryTestKit

/// A job that waits inside of its handler until a test lets it go.
private struct HeldJob: Job {
    static let name = "items.held"
    typealias Output = Int
    var item: Int
}

/// Holds handlers until it is opened, and counts them.
private final class Gate: Sendable {
    private let state = Locked((isOpen: false, inside: 0, most: 0, waiters: [CheckedContinuation<Void, Never>]()))

    var inside: Int { self.state.withLock { $0.inside } }
    var most: Int { self.state.withLock { $0.most } }

    func open() {
        let waiters = self.state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func pass() async {
        self.state.withLock { state in
            state.inside += 1
            state.most = max(state.most, state.inside)
        }
        await withCheckedContinuation { continuation in
            let isOpen = self.state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
        self.state.withLock { $0.inside -= 1 }
    }

    var handlers: Handlers {
        var handlers = Handlers.items
        handlers.handle(HeldJob.self, options: HandlerOptions(idleTimeout: .seconds(30))) { job, transaction in
            try await transaction.execute("INSERT INTO items VALUES (\(job.item))")
            await self.pass()
            return job.item
        }
        return handlers
    }
}

@Suite("Jobs that run inline", .postgres(.wherry), .timeLimit(.minutes(2)))
struct InlineTests {
    private let logger = Logger(label: "inline") { _ in SwiftLogNoOpLogHandler() }

    private func configuration() throws -> WherryClient.Configuration {
        var configuration = try WherryClient.Configuration(database: TestDatabase.current.primary.url)
        configuration.drainLimit = .seconds(5)
        return configuration
    }

    private func items() async throws -> String {
        try await TestDatabase.current.psql("SELECT coalesce(string_agg(item::text, ' ' ORDER BY item), '') FROM items")
    }

    @Test func `run so many at once and no more`() async throws {
        let gate = Gate()
        var configuration = try self.configuration()
        configuration.concurrency = 3
        try await WherryClient.withClient(configuration, handlers: gate.handlers, logger: self.logger) { client in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for item in 0..<10 { group.addTask { try await client.call(HeldJob(item: item)) } }
                try await eventually("three are inside") { gate.inside == 3 }
                gate.open()
                var sum = 0
                for try await item in group { sum += item }
                #expect(sum == 45)
            }
        }
        #expect(gate.most <= 3)
        #expect(try await self.items() == "0 1 2 3 4 5 6 7 8 9")
    }

    @Test func `and are cancelled leave a receipt that keeps them from committing`() async throws {
        let gate = Gate()
        try await WherryClient.withClient(try self.configuration(), handlers: gate.handlers, logger: self.logger) { client in
            let handle = try await client.submit(HeldJob(item: 1))
            try await eventually("the handler runs") { gate.inside == 1 }
            handle.cancel()
            let error = try await jobError { _ = try await handle.value }
            #expect(error.code == .cancelled)
            gate.open()
            #expect(try await client.call(AddItem(item: 2)) == 2)
        }
        #expect(try await self.items() == "2")
        let outcomes = try await TestDatabase.current.psql("SELECT string_agg(outcome, ' ' ORDER BY outcome) FROM wherry.receipts")
        #expect(outcomes == "cancelled committed")
    }

    @Test func `and pass their deadline expire, by a receipt too`() async throws {
        let gate = Gate()
        try await WherryClient.withClient(try self.configuration(), handlers: gate.handlers, logger: self.logger) { client in
            try await client.call(AddItem(item: 2))  // from here on the primary is known
            let error = try await jobError { try await client.call(HeldJob(item: 1), deadline: .milliseconds(300)) }
            #expect(error.code == .expired)
            gate.open()
        }
        #expect(try await self.items() == "2")
    }

    @Test func `are finished when the client is told to stop`() async throws {
        let gate = Gate()
        let client = try WherryClient(try self.configuration(), handlers: gate.handlers, logger: self.logger)
        let host = ServiceHost(client, logger: self.logger)
        let handle = try await client.submit(HeldJob(item: 1))
        try await eventually("the handler runs") { gate.inside == 1 }
        client.shutdown()
        gate.open()
        #expect(try await handle.value == 1)
        _ = await host.result()
        #expect(try await self.items() == "1")
    }

    @Test func `and whose connection dies run again, once in effect`() async throws {
        let runs = Atomic(0)
        var handlers = Handlers()
        handlers.handle(AddItem.self) { job, transaction in
            try await transaction.execute("INSERT INTO items VALUES (\(job.item))")
            if runs.add(1, ordering: .relaxed).oldValue == 0 {
                try await transaction.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            }
            return job.item
        }
        try await WherryClient.withClient(try self.configuration(), handlers: handlers, logger: self.logger) { client in
            let value = try await client.call(AddItem(item: 5))
            #expect(value == 5)
        }
        #expect(runs.load(ordering: .relaxed) == 2)
        #expect(try await self.items() == "5")
    }

    @Test func `and read from a replica are awaited there`() async throws {
        let database = TestDatabase.current
        var configuration = WherryClient.Configuration(
            region: "syd", primaryRegion: "syd", database: PostgresConfiguration(database.replica.url))
        configuration.primaryDatabase = PostgresConfiguration(database.primary.url)
        try await WherryClient.withClient(configuration, handlers: .items, logger: self.logger) { client in
            for item in 0..<50 {
                try await client.call(AddItem(item: item))
                let seen = try await client.read { db in
                    #expect(try await db.scalar("SELECT pg_is_in_recovery()", as: Bool.self))
                    return try await db.scalar("SELECT EXISTS (SELECT FROM items WHERE item = \(item))", as: Bool.self)
                }
                #expect(seen, "\(item)")
            }
        }
    }

    @Test func `take keys, statements and region jobs as everywhere`() async throws {
        try await WherryClient.withClient(try self.configuration(), handlers: .itemsAndReading, logger: self.logger) { client in
            #expect(client.isPrimary)
            for _ in 0..<2 { try await client.call(AddItem(item: 7), key: "item-7") }
            let conflict = await #expect(throws: JobError.self) { try await client.call(AddItem(item: 8), key: "item-7") }
            #expect(conflict?.code == .keyConflict)
            #expect(try await client.execute("INSERT INTO items VALUES (9)") == 1)
            #expect(try await client.call(CountItems(), in: client.region) == 2)
        }
        #expect(try await self.items() == "7 9")
    }

    @Test func `have errors for what nobody handles`() async throws {
        try await WherryClient.withClient(try self.configuration(), handlers: .items, logger: self.logger) { client in
            let error = try await jobError { try await client.call(NobodysJob()) }
            #expect(error.code == .unknownJob)
            #expect(error.message.contains("items.add"), "\(error)")
        }
    }

    @Test func `say at once what is wrong with a standby, and with a database without the schema`() async throws {
        let database = TestDatabase.current
        let standby = WherryClient.Configuration(region: "syd", primaryRegion: "syd", database: PostgresConfiguration(database.replica.url))
        try await WherryClient.withClient(standby, handlers: .items, logger: self.logger) { client in
            let error = try await jobError { try await client.call(AddItem(item: 1)) }
            #expect(error.code == .misconfigured)
            #expect(error.message.contains("WHERRY_PRIMARY_DATABASE_URL"), "\(error)")
        }
        try await database.psql("DROP SCHEMA wherry CASCADE")
        let bare = WherryClient.Configuration(region: "syd", primaryRegion: "syd", database: PostgresConfiguration(database.primary.url))
        try await WherryClient.withClient(bare, handlers: .items, logger: self.logger) { client in
            let error = try await jobError { try await client.call(AddItem(item: 1)) }
            #expect(error.code == .misconfigured)
            #expect(error.message.contains("wherry migrate up"), "\(error)")
        }
        // With nothing but a URL the schema is made.
        try await WherryClient.withClient(try self.configuration(), handlers: .items, logger: self.logger) { client in
            let value = try await client.call(AddItem(item: 1))
            #expect(value == 1)
        }
    }

    @Test func `without anybody to run them are refused when the client is made`() throws {
        let error = #expect(throws: JobError.self) { try WherryClient(try self.configuration(), logger: self.logger) }
        #expect(error?.message.contains("WHERRY_BROKERS") == true)
        #expect(error?.message.contains("handlers") == true)
    }
}
