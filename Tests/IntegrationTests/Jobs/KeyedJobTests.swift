import Synchronization
import Testing
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryPostgres
import WherryWire

/// Idempotency keys in a worker, each on a real server.
@Suite("A job with an idempotency key on a real primary", .timeLimit(.minutes(2)))
struct KeyedJobTests {
    struct Order: Job {
        static let name = "order.place"
        typealias Output = Int
        var item: Int
    }
    struct Refund: Job {
        static let name = "order.refund"
        typealias Output = Int
        var item: Int
    }

    /// A request of a caller of its own.
    private static func request<J: Job>(_ bench: JobBench, _ job: J, key: String = "order-42") throws -> Request {
        var request = try bench.request(job)
        request.key = try job.makeKey(key)
        return request
    }

    private static func register(_ handlers: inout Handlers) {
        handlers.handle(Order.self) { job, transaction in
            try await transaction.execute("INSERT INTO items (item) VALUES (\(job.item))")
            if job.item < 0 { throw JobFailure(job.item, message: "nothing below zero") }
            return try await transaction.scalar("SELECT (random() * 1000000000)::int8", as: Int.self)
        }
        handlers.handle(Refund.self) { job, transaction in
            try await transaction.execute("INSERT INTO items (item) VALUES (\(job.item))")
            return job.item
        }
    }

    @Test func `runs once for two callers, and each has a receipt that says the same`() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner(Self.register)
            let first = try await bench.reply(runner, Self.request(bench, Order(item: 1)))
            let request = try Self.request(bench, Order(item: 1))
            let second = try await bench.reply(runner, request)
            #expect(second.outcome == .committed && second.payload == first.payload && second.id == request.job.id)
            #expect(second.token.lsn > first.token.lsn)
            #expect(try await bench.items() == [1])
            #expect(try await bench.receipts() == ["committed", "committed"])
            // A copy of the second one, marked or not, and a fence for it, meet its receipt.
            var copy = request
            #expect(try await bench.reply(runner, copy).payload == first.payload)
            copy.redelivered = true
            #expect(try await bench.reply(runner, copy).fromReceipt)
            let fence = Fence(job: request.job, kind: .cancelled, epoch: bench.epoch)
            guard case .reply(let fenced) = await runner.fence(fence, receivedAt: EventLoop.now) else {
                Issue.record("the fence was refused")
                return
            }
            #expect(fenced.outcome == .committed && fenced.payload == first.payload)
            // Without the key, or in another scope, it is other work.
            _ = try await bench.reply(runner, bench.request(Order(item: 1)))
            var elsewhere = try Self.request(bench, Order(item: 1))
            elsewhere.job.scope = "other"
            _ = try await bench.reply(runner, elsewhere)
            #expect(try await bench.items() == [1, 1, 1])
        }
    }

    @Test func `a failure is the result too, and is not tried again`() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner(Self.register)
            let first = try await bench.reply(runner, Self.request(bench, Order(item: -1)))
            let second = try await bench.reply(runner, Self.request(bench, Order(item: -1)))
            #expect([first, second].map(\.outcome) == [.failed, .failed])
            #expect(first.failure == second.failure && first.payload == second.payload && !second.payload.isEmpty)
            #expect(try await bench.items() == [])
        }
    }

    @Test func `other arguments or another job under it are an error that names both, and nothing is run`() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner(Self.register)
            let first = try Self.request(bench, Order(item: 1))
            _ = try await bench.reply(runner, first)
            let arguments = try await bench.reply(runner, Self.request(bench, Order(item: 2)))
            let job = try await bench.reply(runner, Self.request(bench, Refund(item: 1)))
            for reply in [arguments, job] {
                #expect(reply.outcome == .failed && reply.failure?.code == "key-conflict")
                #expect(reply.failure?.message.contains("order-42") == true && reply.failure?.message.contains("\(first.job.id)") == true)
            }
            #expect(job.failure?.message.contains("order.place") == true)
            #expect(try await bench.items() == [1])
        }
    }

    @Test func `a fence leaves the key to the next one`() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner(Self.register)
            let given = try Self.request(bench, Order(item: 1))
            _ = await runner.fence(Fence(job: given.job, kind: .cancelled, epoch: bench.epoch), receivedAt: EventLoop.now)
            #expect(try await bench.reply(runner, given).outcome == .cancelled, "rolled back at its receipt")
            #expect(try await bench.items() == [])
            #expect(try await bench.reply(runner, Self.request(bench, Order(item: 1))).outcome == .committed)
            #expect(try await bench.reply(runner, given).outcome == .cancelled, "whatever became of the key since")
            #expect(try await bench.items() == [1])
        }
    }

    @Test func `twenty callers at two workers: one effect, one result`() async throws {
        try await JobBench.run { bench in
            let runners = [try await bench.runner(Self.register), try await bench.runner(Self.register)]
            let payloads = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for number in 0..<20 {
                    let request = try Self.request(bench, Order(item: 1))
                    group.addTask { try await bench.reply(runners[number % 2], request).payload }
                }
                return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
            }
            #expect(payloads.count == 1)
            #expect(try await bench.items() == [1])
            #expect(try await bench.receipts() == Array(repeating: "committed", count: 20))
        }
    }

    @Test func `one that runs holds the second one back without pinning its connection; different work meets it at the key`() async throws {
        try await JobBench.run { bench in
            let (isRunning, running) = AsyncStream<Void>.makeStream()
            let (mayEnd, end) = AsyncStream<Void>.makeStream()
            let runs = Atomic(0)
            let runner = try await bench.runner { handlers in
                handlers.handle(Order.self, options: HandlerOptions(idleTimeout: .seconds(60))) { job, transaction in
                    runs.add(1, ordering: .relaxed)
                    try await transaction.execute("INSERT INTO items (item) VALUES (\(job.item))")
                    running.finish()
                    for await _ in mayEnd {}
                    return job.item
                }
                handlers.handle(Refund.self) { job, _ in job.item }
            }
            let first = try Self.request(bench, Order(item: 1))
            var second = try Self.request(bench, Order(item: 1))
            second.remaining = .milliseconds(300)
            async let answer = bench.reply(runner, first)
            for await _ in isRunning {}
            // It waits for its twin, not inside SQL, and no longer than its deadline.
            let refusal = try await bench.refusal(runner, second)
            #expect(refusal.code == .expired && refusal.message.contains("order-42"), "\(refusal.message)")
            // Different work is not held up: whoever commits first has the key.
            let refund = try await bench.reply(runner, Self.request(bench, Refund(item: 5)))
            #expect(refund.outcome == .committed)
            end.finish()
            let conflict = try await answer
            #expect(conflict.outcome == .failed && conflict.failure?.code == "key-conflict")
            #expect(runs.load(ordering: .relaxed) == 1)
            #expect(try await bench.items() == [])
        }
    }

    @Test func `a role without the privilege is told of it, with what to do`() async throws {
        try await JobBench.run { bench in
            let role = "keyless_\(bench.name)"
            try await bench.makeRole(role)
            for statement in [
                "GRANT USAGE ON SCHEMA wherry TO \(role)", "GRANT SELECT, INSERT ON wherry.receipts, wherry.epochs, items TO \(role)",
                "GRANT SELECT ON wherry.settings TO \(role)",
            ] { _ = try await bench.admin.query(SQL(unsafe: statement)) }
            let runner = try await bench.runner(role: role, Self.register)
            #expect(try await bench.reply(runner, bench.request(Refund(item: 1))).outcome == .committed)
            let refusal = try await bench.refusal(runner, Self.request(bench, Refund(item: 1)))
            #expect(refusal.code == .unavailable && refusal.message.contains("wherry migrate print"), "\(refusal.message)")
        }
    }
}
