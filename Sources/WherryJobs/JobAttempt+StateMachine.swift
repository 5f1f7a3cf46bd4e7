package import WherryCore
import WherryPostgres
import WherryWire

extension JobAttempt {
    /// Begins. Call it once.
    package mutating func start(now: MonotonicInstant) -> [Action] {
        guard case .idle = self.state else { preconditionFailure("an attempt starts once") }
        if self.job.id.unixMilliseconds == nil {
            return self.end(.malformed, "the job id is no UUIDv7")
        }
        if case .run = self.goal, now >= self.deadline {
            return self.end(.expired, "its deadline had passed when the worker got it")
        }
        return self.lease(self.goal, now: now)
    }

    /// Takes what happened, says what to do next.
    package mutating func handle(_ event: Event, now: MonotonicInstant) -> [Action] {
        switch (self.state, event) {
        case (.leasing(let goal), .leased):
            self.finish(.workerLease, now: now)
            return self.begin(goal, now: now)
        case (.leasing(let goal), .leaseFailed(let error)):
            self.finish(.workerLease, now: now)
            return self.retry(goal, after: error, now: now)

        case (.opening, .flown(let outcome)):
            self.finish(.begin, now: now)
            return self.opened(outcome, now: now)
        case (.running(let synchronousCommit), .handlerEnded(let end)):
            self.finish(.handler, now: now)
            return self.handlerEnded(end, synchronousCommit: synchronousCommit, now: now)
        case (.committing(let receipt), .flown(let outcome)):
            self.finish(.commit, now: now)
            return self.committed(receipt, outcome, now: now)
        case (.storing(let receipt), .flown(let outcome)):
            self.finish(.commit, now: now)
            return self.stored(receipt, outcome, now: now)
        case (.lookingUp(let goal, let twin), .flown(let outcome)):
            self.finish(.begin, now: now)
            return self.lookedUp(outcome, otherwise: goal, twin: twin, now: now)
        case (.rollingBack(let afterwards), .flown(let outcome)):
            return self.rolledBack(outcome, then: afterwards, now: now)

        case (.waiting(let goal), .waited):
            return self.lease(goal, now: now)
        case (.establishing(let goal), .epochEstablished(let epoch)):
            guard let mine = self.epoch, mine.relation(to: epoch) == .same else { return self.end(wrongEpoch: epoch) }
            return self.lease(goal, now: now)
        case (.establishing(let goal), .epochFailed(let error)):
            return self.retry(goal, after: error, now: now)

        case (.leasing, .drained), (.waiting, .drained), (.establishing, .drained):
            return self.end(.drained, "the worker shuts down")
        case (.ended, _):
            return []
        default:
            preconditionFailure("\(event) makes no sense while \(self.state)")
        }
    }

    // MARK: Events by state

    private mutating func begin(_ goal: Goal, now: MonotonicInstant) -> [Action] {
        switch goal {
        case .run:
            self.state = .opening
            return [.fly(.open(lookUp: self.redelivered))]
        case .store(let receipt):
            self.state = .storing(receipt)
            return [.fly(.store(receipt, afterRollback: false))]
        case .answer:
            self.state = .lookingUp(otherwise: .answer, twin: false)
            return [.fly(.lookUp(afterRollback: false, endTwin: false))]
        }
    }

    private mutating func opened(_ outcome: JobFlight.Outcome, now: MonotonicInstant) -> [Action] {
        switch outcome {
        case .opened(let opened) where opened.hasReceipt:
            return self.lookUp(afterRollback: true, otherwise: .run)
        case .opened(let opened) where opened.locked:
            self.state = .running(synchronousCommit: opened.synchronousCommit)
            return [.runHandler]
        case .opened:
            self.redelivered = true
            return self.lookUp(afterRollback: true, otherwise: .run, twin: true)
        case .failed(let step, let error):
            return self.failed(step, error, goal: .run, now: now)
        case .stored, .lookedUp, .rolledBack, .notCommitted:
            preconditionFailure("\(outcome) is no answer to open")
        }
    }

    private mutating func handlerEnded(_ end: HandlerEnd, synchronousCommit: String, now: MonotonicInstant) -> [Action] {
        switch end.result {
        case .drained:
            return [.giveBack(discard: true)] + self.end(.drained, "the worker shut down while running it")
        case .stopped(let code, let message):
            return [.giveBack(discard: true)] + self.end(code, message)
        case .timedOut:
            return self.failElsewhere(HandlerFailure(code: .timedOut, message: JobError.Code.timedOut.advice), now: now)
        case .cancelledStatement:
            let message = "the handler cancelled a statement of its own, after which its transaction cannot go on"
            return self.failElsewhere(HandlerFailure(code: .handlerFailed, message: message), now: now)
        case .returned, .threw:
            break
        }
        // The first SQLSTATE decides, not what the handler made of it (correctness.md, rule 23).
        if let error = end.firstFailure, Judgement.isInfrastructure(error, in: .handler) {
            return self.retryAfterRollback(.run, after: error, now: now)
        }
        switch end.result {
        case .threw(let failure):
            return self.fail(failure, afterRollback: true)
        case .returned(let output):
            // What was refused unsent did the transaction no harm, but a savepoint that is still open may be half done.
            if let error = end.firstFailure, error.sqlState != nil || error.code == .transactionEnded {
                return self.fail(HandlerFailure(swallowed: error), afterRollback: true)
            }
            let receipt = Receipt(
                job: self.job, outcome: .committed, contentType: JobCodec.contentType, payload: output, attempts: self.attempts)
            self.state = .committing(receipt)
            return [.fly(.commit(receipt, synchronousCommit: synchronousCommit))]
        case .timedOut, .cancelledStatement, .drained, .stopped:
            preconditionFailure("handled above")
        }
    }

    private mutating func committed(_ receipt: Receipt, _ outcome: JobFlight.Outcome, now: MonotonicInstant) -> [Action] {
        switch outcome {
        case .stored(let position?):
            return [.giveBack(discard: false)] + self.end(receipt, position, stored: false, now: now)
        case .stored(nil):
            // It is committed; any later position will do (rule 27).
            return [.giveBack(discard: true)] + self.lease(.answer, now: now)
        case .notCommitted:
            return self.retryAfterRollback(.run, after: PostgresError(.rolledBack, "COMMIT was answered with ROLLBACK"), now: now)
        case .failed(.receipt, let error) where error.sqlState == .uniqueViolation:
            return self.lookUp(afterRollback: true, otherwise: .run)
        case .failed(let step, let error) where Judgement.isHandlersDoing(error, at: step):
            return self.fail(HandlerFailure(atCommit: error), afterRollback: step != .commit)
        case .failed(let step, let error):
            return self.failed(step, error, goal: .run, now: now)
        case .opened, .lookedUp, .rolledBack:
            preconditionFailure("\(outcome) is no answer to commit")
        }
    }

    private mutating func stored(_ receipt: Receipt, _ outcome: JobFlight.Outcome, now: MonotonicInstant) -> [Action] {
        switch outcome {
        case .stored(let position?):
            return [.giveBack(discard: false)] + self.end(receipt, position, stored: false, now: now)
        case .stored(nil):
            return [.giveBack(discard: true)] + self.lease(.answer, now: now)
        case .notCommitted:
            let error = PostgresError(.rolledBack, "COMMIT was answered with ROLLBACK")
            return self.retryAfterRollback(.store(receipt), after: error, now: now)
        case .failed(.receipt, let error) where error.sqlState == .uniqueViolation:
            return self.lookUp(afterRollback: true, otherwise: .store(receipt))
        case .failed(let step, let error):
            return self.failed(step, error, goal: .store(receipt), now: now)
        case .opened, .lookedUp, .rolledBack:
            preconditionFailure("\(outcome) is no answer to store")
        }
    }

    private mutating func lookedUp(
        _ outcome: JobFlight.Outcome, otherwise goal: Goal, twin: Bool, now: MonotonicInstant
    ) -> [Action] {
        switch outcome {
        case .lookedUp(let receipt?, let position):
            return [.giveBack(discard: false)] + self.end(receipt, position, stored: true, now: now)
        case .lookedUp(nil, _) where twin:
            return [.giveBack(discard: false)] + self.waitForTwin(goal, now: now)
        case .lookedUp(nil, _):
            let error = PostgresError(.unexpectedShape, "the receipt that stood in the way is gone")
            return [.giveBack(discard: false)] + self.retry(goal, after: error, now: now)
        case .failed(let step, let error):
            return self.failed(step, error, goal: goal, now: now)
        case .opened, .stored, .rolledBack, .notCommitted:
            preconditionFailure("\(outcome) is no answer to a look-up")
        }
    }

    private mutating func rolledBack(_ outcome: JobFlight.Outcome, then afterwards: Afterwards, now: MonotonicInstant) -> [Action] {
        let isClean = if case .rolledBack = outcome { true } else { false }
        let release = Action.giveBack(discard: !isClean)
        switch afterwards {
        case .retry(let goal, let error):
            return [release] + self.retry(goal, after: error, now: now)
        case .establish(let goal):
            self.state = .establishing(goal)
            return [release, .establishEpoch]
        case .end(let end):
            self.state = .ended
            return [release, .end(end)]
        }
    }
}
