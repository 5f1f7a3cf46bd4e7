import Logging
import Synchronization
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryPostgres

/// Reads on the local server: the gate, the transaction, what it saw, and trying again. The shell around `ReadGate`.
final class LocalReads: Sendable {
    /// One read, as its caller wants it.
    struct Wish: Sendable {
        var consistency: ReadConsistency
        var isolation: IsolationLevel
        /// How long each attempt may wait before its body runs.
        var limit: Duration
        var record: SessionRecord
        /// Whether what it saw goes into the record.
        var isTracked: Bool
    }

    /// A read that PostgreSQL ended although its statements were fine: a recovery conflict, a restart. It may be run again.
    private struct Interruption: Error {
        var cause: PostgresError
    }

    /// How often a body runs at most.
    static let maximumAttempts = 3

    let pool: PostgresPool
    let core: ClientCore
    let gate = Locked(ReadGate())
    let loop: EventLoop
    let region: String
    let logger: Logger

    init(pool: PostgresPool, core: ClientCore, loop: EventLoop, region: String, logger: Logger) {
        self.pool = pool
        self.core = core
        self.loop = loop
        self.region = region
        self.logger = logger
    }

    func run<Value>(_ wish: Wish, _ body: (Transaction) async throws -> Value) async throws -> Value {
        var attempt = 1
        while true {
            do {
                return try await self.attempt(wish, body)
            } catch let interruption as Interruption {
                guard attempt < Self.maximumAttempts, !Task.isCancelled else {
                    throw JobError.interruptedRead(interruption.cause, attempts: attempt, region: self.region)
                }
                self.logger.debug("a read was interrupted and is run again", metadata: [LogKey.error: "\(interruption.cause)"])
                try await Task.sleep(for: .milliseconds(10) * attempt)
                attempt += 1
            }
        }
    }

    private func attempt<Value>(_ wish: Wish, _ body: (Transaction) async throws -> Value) async throws -> Value {
        let lease = try await self.open(wish)
        // A transaction that is still open is seen at the reset, and the connection discarded.
        defer { lease.giveBack() }
        let transaction = await Transaction(connection: lease.connection)
        let value: Value
        do {
            value = try await body(transaction)
        } catch {
            let failure = await transaction.end()
            _ = await lease.connection.perform(Flight("ROLLBACK"))
            // By what the connection saw: the body may have wrapped it (correctness.md, rule 23).
            if let failure, failure.isRetryable { throw Interruption(cause: failure) }
            throw JobError.explained(error, region: self.region)
        }
        let failure = await transaction.end()
        let outcomes = await lease.connection.perform(wish.isTracked ? ReadEnding.tracked : ReadEnding.plain)
        switch outcomes[outcomes.count == 1 ? 0 : 1][0] {
        case .result(let result) where result.commandTag == "COMMIT": break
        case .result, .skipped:
            if let failure, failure.isRetryable { throw Interruption(cause: failure) }
            let message = "a statement of the read failed, and its closure swallowed the error"
            throw JobError.explained(PostgresError(.rolledBack, message, cause: failure), region: self.region)
        case .failed(let error), .lost(let error): throw Interruption(cause: error)
        }
        if wish.isTracked, let seen = ReadEnding.seen(outcomes) {
            self.gate.withLock { $0.learn(seen) }
            wish.record.note(seen)
        }
        return value
    }

    // MARK: The gate

    /// Waits until a connection's server shows what the read must see, with the read's transaction begun on it.
    private func open(_ wish: Wish) async throws -> PostgresPool.Lease {
        let until = self.loop.now + wish.limit
        var goal = Self.goal(of: wish)
        var round = 0
        while true {
            try Task.checkCancellation()
            let lease: PostgresPool.Lease
            do {
                lease = try await self.pool.lease(deadline: until)
            } catch {
                throw JobError.explained(error, region: self.region)
            }
            var isOpen = false
            defer { if !isOpen { lease.giveBack() } }
            let (verdict, reason) = try await self.look(goal, wish.isolation, on: lease.connection)
            if verdict == .open {
                isOpen = true
                return lease
            }
            let isClean = await lease.connection.perform(Flight("ROLLBACK"))[0][0].result != nil
            // Nobody waits with a connection in their hands.
            lease.giveBack(discard: !isClean, reset: false)
            guard self.loop.now < until else { throw self.tooLate(goal, reason, wish) }
            try await self.pursue(verdict, &goal, wish.consistency == .session ? wish.record : nil, until: until)
            round += 1
            // The notifier's server shows it, this one does not: another one behind the same name, or one that has just crashed.
            if round > 3 { try await Task.sleep(for: .milliseconds(min(20, 1 << min(round - 3, 5)))) }
        }
    }

    private static func goal(of wish: Wish) -> ReadGoal {
        switch wish.consistency.level {
        case .eventual: .nothing
        case .session: wish.record.token.map { .token($0, isConfirmed: false) } ?? .nothing
        case .token(let token): .token(token, isConfirmed: false)
        case .global: .global
        }
    }

    private func look(
        _ goal: ReadGoal, _ isolation: IsolationLevel, on connection: PostgresConnection
    ) async throws -> (verdict: ReadGate.Verdict, reason: String?) {
        let outcomes = await connection.perform(ReadOpening.flight(isolation: isolation, isGated: goal != .nothing))
        do {
            switch try ReadOpening.read(outcomes, logger: self.logger) {
            case .unneeded: return (.open, nil)
            case .failed(let reason): return (.again, reason)
            case .seen(let view):
                let verdict = self.gate.withLock { $0.judge(goal, by: view) }
                return (verdict, "it stands at \(view.state.position?.description ?? "no position")")
            }
        } catch {
            if error.isRetryable { throw Interruption(cause: error) }
            throw JobError.explained(error, region: self.region, isolation: isolation)
        }
    }

    /// Does what the gate said.
    ///
    /// - Parameter record: whose token the goal is, if it is a session's: a new one replaces it.
    func pursue(_ verdict: ReadGate.Verdict, _ goal: inout ReadGoal, _ record: SessionRecord? = nil, until: MonotonicInstant) async throws {
        switch verdict {
        case .open, .again: break
        case .wait:
            guard case .token(let token, _) = goal else { return }
            switch try await self.core.notifier.wait(for: .position(token), until: until) {
            case .reached, .receipt: break
            case .superseded: try await self.pursue(.exchange, &goal, record, until: until)
            case .failed(let error): throw JobError(error, region: self.region)
            }
        case .ask:
            let position = try await self.askPrimary(until: until)
            if case .token(let token, _) = goal {
                goal = .token(token, isConfirmed: true)
            } else {
                goal = .token(position, isConfirmed: true)
            }
        case .exchange:
            let position = try await self.askPrimary(until: until)
            record?.note(position)
            goal = .token(position, isConfirmed: true)
        case .refused(let code, let message): throw JobError(code, message, region: self.region)
        }
    }

    private func askPrimary(until: MonotonicInstant) async throws -> CausalToken {
        switch try await self.core.primaryPosition(until: until) {
        case .position(let token):
            self.gate.withLock { $0.learn(token) }
            return token
        case .closed: throw JobError(.clientClosed, JobError.Code.clientClosed.advice, region: self.region)
        case .unknown(let reason):
            throw JobError(
                .primaryUnavailable,
                "the read needs the primary's position, and nobody told it in time: \(reason). Read .eventual to do without",
                region: self.region)
        }
    }

    private func tooLate(_ goal: ReadGoal, _ reason: String?, _ wish: Wish) -> JobError {
        var message = "the local server does not show what the read must see, within \(wish.limit)"
        if case .token(let token, _) = goal { message += ": \(token.lsn) on \(token.epoch)" }
        if let reason { message += "; \(reason)" }
        return JobError(.replicaUnavailable, message, region: self.region)
    }
}
