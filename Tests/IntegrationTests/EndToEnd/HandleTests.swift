import Synchronization
import Testing
import Wherry
import WherryTestKit
import WherryWorker

/// A job whose handler is the test's.
private struct Toil: Job {
    static let name = "toil"
    typealias Output = Int
    var steps = 0
}

@Suite("A handle follows its job, and always ends", .timeLimit(.minutes(2)))
struct HandleTests {
    // MARK: Progress

    @Test func `what the handler reports arrives, in order, and ends with the job`() async throws {
        var handlers = Handlers.items
        let seen = TestSignal()
        handlers.handle(Toil.self) { job, _, context in
            context.report(0)
            await seen.wait()
            // Far faster than reports may go out: the newest wins, and the last one always arrives.
            for step in 1...job.steps { context.report(step) }
            return job.steps
        }
        try await Regions.run(handlers: handlers) { regions in
            let handle = try await regions.client.submit(Toil(steps: 10_000))
            async let bystander = Self.values(handle.progress)
            var values: [Int] = []
            for await progress in handle.progress {
                values.append(try progress.decode(as: Int.self))
                if values.count == 1 { seen.fire() }
            }
            #expect(values.first == 0)
            #expect(values.last == 10_000)
            #expect(values == values.sorted() && Set(values).count == values.count, "\(values)")
            #expect(values.count < 1_000, "reports are rationed")
            #expect(try await handle.value == 10_000)
            #expect(try await bystander.last == 10_000, "several may listen")
            #expect(try await Self.values(handle.progress) == [10_000], "who comes late sees the newest, and the end")
        }
    }

    private static func values(_ progress: JobProgressSequence) async throws -> [Int] {
        var values: [Int] = []
        for await report in progress { values.append(try report.decode()) }
        return values
    }

    @Test func `a report that is too large or cannot be encoded is left out, and the job goes on`() async throws {
        var handlers = Handlers.items
        handlers.handle(Toil.self) { _, _, context in
            context.report(String(repeating: "x", count: 100_000))
            context.report(Double.infinity)
            context.report("small")
            return 1
        }
        try await Regions.run(handlers: handlers) { regions in
            let handle = try await regions.client.submit(Toil())
            var values: [String] = []
            for await progress in handle.progress { values.append(try progress.decode()) }
            #expect(values == ["small"])
            #expect(try await handle.value == 1)
        }
    }

    // MARK: Cancelling

    /// How a handler that sleeps in the server was ended.
    private final class Sleeper: Sendable {
        let started = TestSignal()
        let ended = TestSignal()

        var handlers: Handlers {
            var handlers = Handlers.items
            handlers.handle(Toil.self) { _, transaction in
                try await transaction.execute("INSERT INTO items VALUES (1)")
                self.started.fire()
                defer { self.ended.fire() }
                try await transaction.execute("SELECT pg_sleep(600)")
                return 1
            }
            return handlers
        }

        /// The statement was cancelled on the server, and its transaction is gone.
        func expectNothingLeft(_ regions: Regions) async throws {
            await self.ended.wait()
            try await eventually("the statement is cancelled") {
                try await regions.database.psql(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(600)' AND state <> 'idle'"
                ) == "0"
            }
            #expect(try await regions.itemsAtPrimary() == 0)
        }
    }

    @Test(arguments: [false, true])
    func `a job that runs is cancelled on the server, by its handle or with its caller's task`(byTask: Bool) async throws {
        let sleeper = Sleeper()
        try await Regions.run(handlers: sleeper.handlers) { regions in
            let error: JobError
            if byTask {
                let caller = Task { try await regions.client.call(Toil()) }
                await sleeper.started.wait()
                caller.cancel()
                error = try await jobError { _ = try await caller.value }
            } else {
                let handle = try await regions.client.submit(Toil())
                await sleeper.started.wait()
                handle.cancel()
                error = try await jobError { _ = try await handle.value }
            }
            #expect(error.code == .cancelled)
            try await sleeper.expectNothingLeft(regions)
            #expect(try await regions.database.psql("SELECT outcome FROM wherry.receipts") == "cancelled")
        }
    }

    @Test func `a job whose deadline passes while it runs is cancelled on the server`() async throws {
        let sleeper = Sleeper()
        try await Regions.run(handlers: sleeper.handlers) { regions in
            let handle = try await regions.client.submit(Toil(), deadline: .seconds(5))
            await sleeper.started.wait()
            let error = try await jobError { _ = try await handle.value }
            #expect(error.code == .expired)
            try await sleeper.expectNothingLeft(regions)
            #expect(try await regions.database.psql("SELECT outcome FROM wherry.receipts") == "expired")
        }
    }

    @Test func `cancelling what has committed changes nothing`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let handle = try await regions.client.submit(AddItem(item: 4))
            _ = try await handle.committed
            handle.cancel()
            // Whether the replica here was faster than the cancellation or not, the write stands, and the caller hears so.
            do {
                #expect(try await handle.value == 4)
            } catch let error as JobError {
                #expect(error.code == .notYetVisible)
                #expect(try error.value(as: Int.self) == 4)
            }
            #expect(try await regions.itemsAtPrimary() == 1)
        }
    }

    @Test func `with broker and worker dead a handle ends within five seconds of its deadline, and says that it is not final`() async throws
    {
        let sleeper = Sleeper()
        try await Regions.run(handlers: .items, brokers: 0, workers: 0, adjust: { $0.brokers = ["tcp://127.0.0.1:1"] }) { regions in
            let broker = regions.startBroker(7)
            let worker = regions.startWorker(sleeper.handlers, brokers: [regions.endpoint(7)])
            var configuration = regions.configuration
            configuration.brokers = [regions.endpoint(7)]
            let client = try WherryClient(configuration, logger: regions.logger)
            let host = ServiceHost(client, logger: regions.logger)
            let handle = try await client.submit(Toil(), deadline: .seconds(3))
            let end = ContinuousClock.now + .seconds(3) + .seconds(5)
            await sleeper.started.wait()
            await broker.abandon()
            await worker.abandon()
            let error = try await jobError { _ = try await handle.value }
            #expect(error.code == .undecided)
            // A loaded machine gets a second to notice.
            #expect(ContinuousClock.now < end + .seconds(1))
            await host.abandon()
        }
    }

    // MARK: Computing

    @Test func `a handler that computes for longer than its transaction may stand idle runs once`() async throws {
        let runs = Atomic(0)
        var handlers = Handlers.items
        handlers.handle(Toil.self) { _, transaction in
            runs.add(1, ordering: .relaxed)
            try await transaction.execute("INSERT INTO items VALUES (1)")
            try await Task.sleep(for: .seconds(4))  // longer than the default idleTimeout, 2.5 s
            return try await transaction.scalar("SELECT count(*) FROM items")
        }
        try await Regions.run(handlers: handlers) { regions in
            let count = try await regions.client.call(Toil())
            #expect(count == 1)
            #expect(runs.load(ordering: .relaxed) == 1)
        }
    }
}
