import Synchronization
import Testing
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryPostgres
import WherryWire

/// Rules 1 to 3 and 23 to 28 of correctness.md, each on a real server.
@Suite("A job on a real primary", .timeLimit(.minutes(2)))
struct RealJobTests {
    struct Insert: Job {
        static let name = "items.insert"
        typealias Output = Int
        var item: Int
    }

    /// Inserts its item and returns how many there are of it.
    @Sendable static func insert(_ job: Insert, _ transaction: Transaction) async throws -> Int {
        try await transaction.execute("INSERT INTO items (item) VALUES (\(job.item))")
        return try await transaction.scalar("SELECT count(*) FROM items WHERE item = \(job.item)")
    }

    // MARK: Outcomes

    @Test("commits effect and receipt together, and answers with a token that is flushed")
    func commits() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner { $0.handle(Insert.self, Self.insert) }
            let reply = try await bench.reply(runner, Insert(item: 1))
            #expect(reply.outcome == .committed)
            #expect(reply.payload == Array("1".utf8))
            #expect(reply.token.epoch == bench.epoch)
            #expect(try await bench.admin.query("SELECT pg_current_wal_flush_lsn() >= \(reply.token.lsn)").rows.scalar(as: Bool.self))
            #expect(try await bench.receipts() == ["committed"])
            #expect(try await bench.items() == [1])
        }
    }

    @Test("delivered again, marked or not, answers with its receipt and has no second effect")
    func again() async throws {
        try await JobBench.run { bench in
            let runs = Atomic(0)
            let runner = try await bench.runner {
                $0.handle(Insert.self) { job, transaction in
                    runs.add(1, ordering: .relaxed)
                    return try await Self.insert(job, transaction)
                }
            }
            let request = try bench.request(Insert(item: 1))
            let first = try await bench.reply(runner, request)
            let unmarked = try await bench.reply(runner, request)
            #expect(runs.load(ordering: .relaxed) == 2)
            var copy = request
            copy.redelivered = true
            let marked = try await bench.reply(runner, copy)
            #expect(runs.load(ordering: .relaxed) == 2)
            #expect([unmarked, marked].allSatisfy { $0.fromReceipt && $0.payload == first.payload && $0.outcome == .committed })
            #expect(try await bench.items() == [1])
        }
    }

    @Test("that throws rolls back, and sends its payload home in its receipt")
    func throwing() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner {
                $0.handle(Insert.self) { job, transaction in
                    _ = try await Self.insert(job, transaction)
                    throw JobFailure(["left": 2], message: "sold out")
                }
            }
            let reply = try await bench.reply(runner, Insert(item: 1))
            #expect(reply.outcome == .failed)
            #expect(reply.failure == Failure(code: "handler-failed", message: "sold out"))
            #expect(reply.payload == Array(#"{"left":2}"#.utf8))
            #expect(try await bench.items().isEmpty)
            #expect(try await bench.receipts() == ["failed"])
        }
    }

    @Test("whose arguments do not decode fails; one that nobody handles, or whose digest is wrong, is refused")
    func badRequests() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner { $0.handle(Insert.self, Self.insert) }
            var request = try bench.request(Insert(item: 1))
            request.arguments = Array(#"{"item":"one"}"#.utf8)
            #expect(try await bench.refusal(runner, request).code == .malformed)
            request.job.digest = JobCodec.digest(request.arguments)
            #expect(try await bench.reply(runner, request).failure?.code == "undecodable-arguments")
            request.job.name = "items.nobody"
            let refused = try await bench.refusal(runner, request)
            #expect(refused.code == .unknownJob)
            #expect(refused.message.contains("items.insert"))
        }
    }

    @Test("under another job's id gets a conflict and learns nothing")
    func idConflict() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner { $0.handle(Insert.self, Self.insert) }
            let request = try bench.request(Insert(item: 1))
            _ = try await bench.reply(runner, request)
            var other = try bench.request(Insert(item: 2))
            other.job.id = request.job.id
            #expect(try await bench.refusal(runner, other).code == .idConflict)
            var stranger = request
            stranger.job.scope = "somebody-else"
            stranger.redelivered = true
            #expect(try await bench.refusal(runner, stranger).code == .idConflict)
            #expect(try await bench.items() == [1])
        }
    }

    @Test("with an id from the future, or too old, is refused before its handler runs")
    func agesOfIDs() async throws {
        try await JobBench.run { bench in
            let runs = Atomic(0)
            let runner = try await bench.runner {
                $0.handle(Insert.self) { job, transaction in
                    runs.add(1, ordering: .relaxed)
                    return try await Self.insert(job, transaction)
                }
            }
            let now = bench.unixMilliseconds
            #expect(try await bench.refusal(runner, bench.request(Insert(item: 1), at: now + 600_000)).code == .clockSkew)
            let old = try await bench.refusal(runner, bench.request(Insert(item: 1), at: now - 2 * 86_400_000))
            #expect(old.code == .outcomeNoLongerKnown)
            let fence = Fence(job: try bench.request(Insert(item: 1), at: now - 30 * 86_400_000).job, kind: .expired, epoch: bench.epoch)
            _ = try await bench.admin.query("UPDATE wherry.settings SET id_floor = clock_timestamp() - interval '7 days'")
            guard case .refused(let refused) = await runner.fence(fence, receivedAt: EventLoop.now) else {
                Issue.record("a fence for an id below the floor was stored")
                return
            }
            #expect(refused.code == .outcomeNoLongerKnown)
            #expect(runs.load(ordering: .relaxed) == 0)
            #expect(try await bench.receipts().isEmpty)
        }
    }

    @Test("that killed too many workers is poisoned without running")
    func poisoned() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner { $0.handle(Insert.self, Self.insert) }
            var request = try bench.request(Insert(item: 1))
            request.redelivered = true
            request.attempts = 5
            #expect(try await bench.reply(runner, request).outcome == .poisoned)
            #expect(try await bench.items().isEmpty)
        }
    }

    // MARK: Twins (rules 24 and 25)

    @Test("runs once in effect however many copies run at once", arguments: [false, true])
    func twins(redelivered: Bool) async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner { $0.handle(Insert.self, Self.insert) }
            for item in 0..<10 {
                var request = try bench.request(Insert(item: item))
                request.redelivered = redelivered
                let copy = request
                let replies = try await withThrowingTaskGroup(of: Reply.self) { group in
                    for _ in 0..<6 { group.addTask { try await bench.reply(runner, copy) } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(replies.allSatisfy { $0.outcome == .committed && $0.payload == Array("1".utf8) })
                #expect(replies.filter { !$0.fromReceipt }.count == 1)
            }
            #expect(try await bench.items() == Array(0..<10))
        }
    }

    @Test("gets free of a twin whose worker froze: its transaction's idle timeout ends it")
    func frozenTwin() async throws {
        try await JobBench.run { bench in
            let options = HandlerOptions(idleTimeout: .milliseconds(300))
            let runner = try await bench.runner { $0.handle(Insert.self, options: options, Self.insert) }
            let request = try bench.request(Insert(item: 1))
            let frozen = try await bench.freeze(request, options: options)
            #expect(try await bench.reply(runner, request).outcome == .committed)
            #expect(try await bench.items() == [1])
            await frozen.close()
        }
    }

    @Test("ends a twin that lifted its idle timeout and holds the lock beyond the limit")
    func stubbornTwin() async throws {
        try await JobBench.run { bench in
            let options = HandlerOptions(timeout: .milliseconds(700), idleTimeout: .milliseconds(300))
            let runner = try await bench.runner { $0.handle(Insert.self, options: options, Self.insert) }
            let request = try bench.request(Insert(item: 1))
            let frozen = try await bench.freeze(
                request, options: options, "SELECT set_config('idle_in_transaction_session_timeout', '0', false)")
            #expect(try await bench.reply(runner, request).outcome == .committed)
            #expect(try await bench.items() == [1])
            await #expect(throws: PostgresError.self) { try await frozen.query("SELECT 1") }
            await frozen.close()
        }
    }

    // MARK: Fences

    @Test("and its fence race to exactly one outcome, whoever wins")
    func fencesRace() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner { $0.handle(Insert.self, Self.insert) }
            var outcomes: [Outcome: Int] = [:]
            for item in 0..<150 {
                let request = try bench.request(Insert(item: item))
                let fence = Fence(job: request.job, kind: .cancelled, epoch: bench.epoch)
                async let run = runner.run(request, receivedAt: EventLoop.now)
                if item % 3 > 0 { try await Task.sleep(for: .microseconds(item * 20)) }
                async let fenced = runner.fence(fence, receivedAt: EventLoop.now)
                let ends = await [run, fenced].map(\.outcome)
                #expect(ends[0] != nil && ends[0] == ends[1])
                let effects = try await bench.items().filter { $0 == item }.count
                #expect(effects == (ends[0] == .committed ? 1 : 0))
                if let outcome = ends[0] { outcomes[outcome, default: 0] += 1 }
            }
            #expect(try await bench.receipts().count == 150)
            #expect(Set(outcomes.keys).isSubset(of: [.committed, .cancelled]))
        }
    }

    @Test("fenced before it came never runs to an effect")
    func fencedFirst() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner { $0.handle(Insert.self, Self.insert) }
            let request = try bench.request(Insert(item: 1))
            for kind in [Outcome.expired, .cancelled] {
                let fence = Fence(job: request.job, kind: kind, epoch: bench.epoch)
                guard case .reply(let reply) = await runner.fence(fence, receivedAt: EventLoop.now) else {
                    Issue.record("the fence was refused")
                    return
                }
                #expect(reply.outcome == .expired)
            }
            #expect(try await bench.reply(runner, request).outcome == .expired)
            #expect(try await bench.items().isEmpty)
        }
    }
}

extension JobEnd {
    var outcome: Outcome? {
        if case .reply(let reply) = self { reply.outcome } else { nil }
    }
}
