import Testing

@testable import WherryPostgres

@Suite("The pipeline machine")
struct PipelineMachineTests {
    private static let failure: PostgresError = {
        var error = PostgresError(.server, "no")
        error.sqlState = "42601"
        return error
    }()
    private static let loss = PostgresError(.connectionLost, "gone")

    private static func done(_ tag: String = "SELECT 1") -> PipelineMachine.Answer {
        .result(QueryResult(commandTag: tag))
    }

    /// What an outcome comes to, for comparing.
    private static func summary(_ outcomes: [[StatementOutcome]]) -> [[String]] {
        outcomes.map {
            $0.map { outcome in
                switch outcome {
                case .result(let result): result.commandTag
                case .failed: "failed"
                case .skipped: "skipped"
                case .lost: "lost"
                }
            }
        }
    }

    private static func summary(_ commands: [PipelineMachine.Command]) -> [String] {
        commands.map { command in
            switch command {
            case .prepare(let name, _): "prepare \(name)"
            case .execute(let name, _): "execute \(name)"
            case .run(let sql): "run \(sql)"
            case .sync: "sync"
            }
        }
    }

    /// Answers the steps one after another.
    private static func answer(_ machine: inout PipelineMachine, _ answers: PipelineMachine.Answer...) {
        for answer in answers {
            machine.answered(answer)
            machine.answerEnded()
        }
    }

    @Test("prepares a statement once, and then goes by its name")
    func preparesOnce() {
        var machine = PipelineMachine()
        #expect(Self.summary(machine.submit(Flight("a", "a"))) == ["prepare wherry_1", "execute wherry_1", "execute wherry_1", "sync"])
        Self.answer(&machine, Self.done(), Self.done("A"), Self.done("B"))
        #expect(machine.synced().map(Self.summary) == [["A", "B"]])
        #expect(machine.isIdle)
        #expect(Self.summary(machine.submit(Flight("a"))) == ["execute wherry_1", "sync"])
    }

    @Test("does not trust a Parse of another segment before it was answered")
    func pendingParse() {
        var machine = PipelineMachine()
        #expect(
            Self.summary(machine.submit(Flight([["x", "a"], ["a"]]))) == [
                "prepare wherry_1", "execute wherry_1", "prepare wherry_2", "execute wherry_2", "sync", "run a", "sync",
            ])
        // x fails, so a's Parse is skipped with it: it did not happen.
        Self.answer(&machine, Self.done(), .failed(Self.failure), .aborted, .aborted)
        #expect(machine.synced() == nil)
        Self.answer(&machine, Self.done("A"))
        #expect(machine.synced().map(Self.summary) == [["failed", "skipped"], ["A"]])
        #expect(Self.summary(machine.submit(Flight("a"))) == ["prepare wherry_3", "execute wherry_3", "sync"])
    }

    @Test("tells a failure to prepare as the failure of the statement")
    func failedParse() {
        var machine = PipelineMachine()
        _ = machine.submit(Flight([["a", "b"]]))
        Self.answer(&machine, .failed(Self.failure), .aborted, .aborted, .aborted)
        #expect(machine.synced().map(Self.summary) == [["failed", "skipped"]])
    }

    @Test("tells a failure at the Sync as the failure of the whole segment")
    func failedSync() {
        var machine = PipelineMachine()
        _ = machine.submit(Flight([["a"], ["b"]]))
        Self.answer(&machine, Self.done(), Self.done("A"))
        machine.answered(.failed(Self.failure))
        machine.answerEnded()
        #expect(machine.synced() == nil)
        Self.answer(&machine, Self.done(), Self.done("B"))
        #expect(machine.synced().map(Self.summary) == [["failed"], ["B"]])
    }

    @Test("does not mind ends of answers that nobody needs")
    func spareEnds() {
        var machine = PipelineMachine()
        machine.answerEnded()
        _ = machine.submit(Flight("a"))
        machine.answerEnded()
        Self.answer(&machine, Self.done(), Self.done("A"))
        machine.answerEnded()
        #expect(machine.synced().map(Self.summary) == [["A"]])
        #expect(machine.synced() == nil)
    }

    @Test(
        "keeps, when the connection dies, what is proven: up to the last COMMIT or ROLLBACK of a segment without its Sync",
        arguments: [
            (["BEGIN", "INSERT 0 1", "COMMIT"], ["BEGIN", "INSERT 0 1", "COMMIT", "lost"]),
            (["BEGIN", "INSERT 0 1"], ["lost", "lost", "lost", "lost"]),
            (["INSERT 0 1"], ["lost", "lost", "lost", "lost"]),
            (["BEGIN", "ROLLBACK", "INSERT 0 1"], ["BEGIN", "ROLLBACK", "lost", "lost"]),
            (["BEGIN", "failed"], ["lost", "failed", "skipped", "skipped"]),
            (["BEGIN", "INSERT 0 1", "COMMIT", "SELECT 1"], ["BEGIN", "INSERT 0 1", "COMMIT", "lost"]),
            ([], ["lost", "lost", "lost", "lost"]),
        ]
    )
    func lost(tags: [String], expected: [String]) {
        var machine = PipelineMachine()
        _ = machine.submit(Flight([["x"], ["a", "b", "c", "d"], ["e"]]))
        _ = machine.submit(Flight("f"))
        Self.answer(&machine, Self.done(), Self.done("X"))
        #expect(machine.synced() == nil)
        for tag in tags {
            Self.answer(&machine, Self.done())
            Self.answer(&machine, tag == "failed" ? .failed(Self.failure) : Self.done(tag))
        }
        #expect(machine.lost(Self.loss).map(Self.summary) == [[["X"], expected, ["lost"]], [["lost"]]])
        #expect(machine.isIdle)
    }

    @Test("answers an empty segment by its Sync alone")
    func emptySegment() {
        var machine = PipelineMachine()
        #expect(Self.summary(machine.submit(Flight([[]]))) == ["sync"])
        #expect(machine.synced().map(Self.summary) == [[]])
    }

    @Test("drops its statements when one is stale, and deallocates them when it is idle", arguments: ["26000", "0A000"])
    func stale(sqlState: String) {
        var machine = PipelineMachine()
        _ = machine.submit(Flight("a"))
        Self.answer(&machine, Self.done(), Self.done())
        _ = machine.synced()
        #expect(machine.housekeeping().isEmpty)
        _ = machine.submit(Flight("a"))
        var error = Self.failure
        error.sqlState = SQLState(rawValue: sqlState)
        error.routine = "RevalidateCachedQuery"
        Self.answer(&machine, .failed(error))
        #expect(machine.housekeeping().isEmpty, "not before it is idle")
        _ = machine.synced()
        #expect(Self.summary(machine.housekeeping()) == ["run DEALLOCATE wherry_1", "sync"])
        #expect(Self.summary(machine.submit(Flight("a"))) == ["prepare wherry_2", "execute wherry_2", "sync"])
        // Housekeeping may fail, and is nobody's flight.
        Self.answer(&machine, .failed(Self.failure))
        #expect(machine.synced() == nil)
        Self.answer(&machine, Self.done(), Self.done("A"))
        #expect(machine.synced().map(Self.summary) == [["A"]])
    }

    @Test("never keeps more statements than it may")
    func cacheLimit() {
        var cache = StatementCache(capacity: 2)
        for (segment, text) in ["a", "b"].enumerated() {
            guard case .prepare(let name) = cache.way(for: SQL(unsafe: text), in: UInt64(segment)) else { return #expect(Bool(false)) }
            cache.prepared(name)
        }
        _ = cache.way(for: "a", in: 5)
        #expect(cache.way(for: "c", in: 6) == .unnamed)
        #expect(cache.way(for: "c", in: 7) == .unnamed)
        #expect(cache.count == 2)
        #expect(cache.takeDoomed().map(\.number) == [2], "b was used least recently")
        #expect(cache.way(for: "c", in: 8) == .prepare(StatementCache.Name(number: 3)))
        #expect(cache.way(for: "a", in: 9) == .ready(StatementCache.Name(number: 1)))
    }

    @Test("tells statements of the same text and other types apart")
    func cacheTypes() {
        var cache = StatementCache()
        #expect(cache.way(for: "SELECT \(1)", in: 1) == .prepare(StatementCache.Name(number: 1)))
        #expect(cache.way(for: "SELECT \("a")", in: 1) == .prepare(StatementCache.Name(number: 2)))
        #expect(cache.way(for: "SELECT \(2)", in: 1) == .ready(StatementCache.Name(number: 1)))
    }
}
