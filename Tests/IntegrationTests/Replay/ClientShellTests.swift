import Testing
import Wherry
import WherryCore
import WherryTestKit
import WherryWire

struct Touch: Job {
    static let name = "touch"
    typealias Output = Int
    var note = ""
}

struct Fail: Job {
    static let name = "fail"
}

struct Linger: Job {
    static let name = "linger"
}

struct Unheard: Job {
    static let name = "unheard"
}

@Suite("A client on a real replica, with a scripted broker", .postgres(.replay), .timeLimit(.minutes(3)))
struct ClientShellTests {
    /// Runs a body with a client that runs.
    func run(_ body: (WherryClient, ScriptedBroker, ReplayBench) async throws -> Void) async throws {
        let database = TestDatabase.current
        try await ReplayBench.shared { bench in
            let broker = ScriptedBroker(primary: bench.primary, epoch: bench.epoch)
            try await broker.start()
            let configuration = WherryClient.Configuration(
                region: "lax",
                primaryRegion: "syd",
                brokers: [await broker.endpoint],
                database: PostgresConfiguration(database.replica.keywords)
            )
            do {
                try await WherryClient.withClient(configuration, logger: bench.logger) { client in try await body(client, broker, bench) }
            } catch {
                await broker.stop()
                throw error
            }
            await broker.stop()
        }
    }

    @Test("a call returns the output, and a read right after it sees the write")
    func call() async throws {
        try await self.run { client, _, _ in
            for _ in 0..<100 {
                let handle = try await client.submit(Touch())
                #expect(try await handle.value == 7)
                let id = handle.id
                let seen = try await client.read { db in
                    try await db.scalar("SELECT EXISTS (SELECT FROM touched WHERE id = \(id))", as: Bool.self)
                }
                #expect(seen)
            }
            #expect(try await client.call(Touch()) == 7)
        }
    }

    @Test("a handle tells its id, its commit with a token, its output and its timings")
    func handle() async throws {
        try await self.run { client, _, bench in
            let handle = try await client.submit(Touch())
            let token = try await handle.committed
            #expect(token.epoch == bench.epoch)
            #expect(try await handle.value == 7)
            #expect(handle.timings.total != nil && handle.timings.network != nil && handle.timings.replayWait != nil)
            let outcome = try #require(try await client.outcome(of: handle.id))
            #expect(outcome.isCommitted)
            #expect(try outcome.value(as: Int.self) == 7)
            #expect(outcome.token.lsn >= token.lsn)
            #expect(try await client.outcome(of: bench.makeID(), patience: .milliseconds(100)) == nil)
        }
    }

    @Test("thousands of calls at once all come home, each once")
    func many() async throws {
        try await self.run { client, broker, bench in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<5_000 { group.addTask { try await client.call(Touch(note: "\(number)"), deadline: .seconds(120)) } }
                return try await group.reduce(0, +)
            }
            #expect(sum == 35_000)
            #expect(await broker.requests == 5_000)
            #expect(try await bench.primary.query("SELECT count(*) FROM touched").rows.scalar(as: Int.self) == 5_000)
        }
    }

    @Test("failures, refusals and cancellations are errors of their own")
    func errors() async throws {
        try await self.run { client, _, _ in
            #expect(await self.code { try await client.call(Fail()) } == .handlerFailed)
            #expect(await self.code { try await client.call(Unheard(), deadline: .seconds(1)) } == .unknownJob)
            #expect(await self.code { try await client.call(Linger(), deadline: .milliseconds(300)) } == .expired)
            let handle = try await client.submit(Linger())
            handle.cancel()
            #expect(await self.code { try await handle.value } == .cancelled)
            #expect(await self.code { _ = try await handle.committed } == .cancelled)
            let task = Task { try await client.call(Linger()) }
            task.cancel()
            let result = await task.result
            #expect(throws: JobError.self) { try result.get() }
            #expect(await self.code { try await client.call(Touch(), deadline: .zero) } == .misconfigured)
        }
    }

    @Test("cancelling a task that waits for a value ends the wait, not the job")
    func cancelledWait() async throws {
        try await self.run { client, _, _ in
            let handle = try await client.submit(Linger(), deadline: .seconds(2))
            let waiting = Task { try await handle.value }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(await self.code { try await handle.value } == .expired)
        }
    }

    @Test("a read cannot write, whatever its role may do")
    func readOnly() async throws {
        try await self.run { client, _, _ in
            let code = await self.code {
                try await client.read { db in try await db.execute("INSERT INTO touched (id) VALUES (gen_random_uuid())") }
            }
            #expect(code == .readOnly)
        }
    }

    @Test("a job called before the client runs waits for it; after the shutdown it is refused, and what is pending fails")
    func lifecycle() async throws {
        let database = TestDatabase.current
        try await ReplayBench.shared { bench in
            let broker = ScriptedBroker(primary: bench.primary, epoch: bench.epoch)
            try await broker.start()
            var configuration = WherryClient.Configuration(
                region: "lax",
                primaryRegion: "syd",
                brokers: [await broker.endpoint],
                database: PostgresConfiguration(database.replica.keywords)
            )
            configuration.drainLimit = .milliseconds(100)
            let client = try WherryClient(configuration, logger: bench.logger)
            async let early = client.call(Touch())
            async let running: Void = client.run()
            #expect(try await early == 7)
            let handle = try await client.submit(Linger())
            client.shutdown()
            #expect(await self.code { try await handle.value } == .clientClosed)
            #expect(await self.code { try await client.call(Touch()) } == .clientClosed)
            try await running
            client.shutdown()
            #expect(await self.code { try await client.read { _ in } } == .clientClosed)
            await broker.stop()
        }
    }

    @Test("a broker that cannot be reached is named in the error")
    func unreachable() async throws {
        let configuration = WherryClient.Configuration(
            region: "lax",
            primaryRegion: "syd",
            brokers: ["tcp://127.0.0.1:1"],
            database: PostgresConfiguration(TestDatabase.current.replica.keywords)
        )
        try await WherryClient.withClient(configuration, logger: ReplayBench.makeLogger()) { client in
            do {
                _ = try await client.call(Touch(), deadline: .milliseconds(300))
                Issue.record("nobody is there")
            } catch let error as JobError {
                #expect(error.code == .neverSent)
                #expect(error.message.contains("tcp://127.0.0.1:1"))
                #expect(error.isRetryable)
            }
        }
    }

    private func code(_ body: () async throws -> some Any) async -> JobError.Code? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? JobError)?.code
        }
    }
}
