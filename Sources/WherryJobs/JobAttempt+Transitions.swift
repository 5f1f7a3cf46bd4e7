import WherryCore
import WherryPostgres
import WherryWire

/// The ways from one state to the next that several events share.
extension JobAttempt {
    /// Gets a connection for a goal; a request without an epoch first needs one to be told.
    mutating func lease(_ goal: Goal, now: MonotonicInstant) -> [Action] {
        guard self.epoch != nil else {
            self.state = .establishing(goal)
            return [.establishEpoch]
        }
        self.state = .leasing(goal)
        self.legStart = now
        switch goal {
        case .run: return [.lease(until: self.deadline)]
        case .store, .answer: return [.lease(until: max(self.deadline, now + self.limits.storePatience))]
        }
    }

    /// Looks the receipt up on the connection that it holds.
    mutating func lookUp(afterRollback: Bool, otherwise goal: Goal, twin: Bool = false) -> [Action] {
        self.state = .lookingUp(otherwise: goal, twin: twin)
        return [.fly(.lookUp(afterRollback: afterRollback, endTwin: twin))]
    }

    /// Stores the job's own failure, in a transaction of its own.
    mutating func fail(_ failure: HandlerFailure, afterRollback: Bool) -> [Action] {
        let receipt = self.makeReceipt(failure)
        self.state = .storing(receipt)
        return [.fly(.store(receipt, afterRollback: afterRollback))]
    }

    /// The same on another connection, since this one is spent.
    mutating func failElsewhere(_ failure: HandlerFailure, now: MonotonicInstant) -> [Action] {
        [.giveBack(discard: true)] + self.lease(.store(self.makeReceipt(failure)), now: now)
    }

    func makeReceipt(_ failure: HandlerFailure) -> Receipt {
        var receipt = failure.makeReceipt(job: self.job, attempts: self.attempts)
        receipt.claim = self.key
        return receipt
    }

    /// A step of our own failed: no outcome comes of that.
    mutating func failed(_ step: JobFlight.Step, _ error: PostgresError, goal: Goal, now: MonotonicInstant) -> [Action] {
        switch Judgement.verdict(on: error, at: step) {
        case .infrastructure:
            return self.retryAfterRollback(goal, after: error, transactionEnded: step == .commit, now: now)
        case .otherEpoch:
            self.state = .rollingBack(then: .establish(goal))
            return [.fly(.rollBack)]
        case .refuse(let code, let message):
            self.state = .rollingBack(then: .end(self.refusal(code, message)))
            return [.fly(.rollBack)]
        }
    }

    /// Ends the transaction where the connection is still good, gives it back, and tries again.
    mutating func retryAfterRollback(
        _ goal: Goal, after error: PostgresError, transactionEnded: Bool = false, now: MonotonicInstant
    ) -> [Action] {
        guard Judgement.leavesConnectionUsable(error) else {
            return [.giveBack(discard: true)] + self.retry(goal, after: error, now: now)
        }
        if transactionEnded {
            return [.giveBack(discard: false)] + self.retry(goal, after: error, now: now)
        }
        self.state = .rollingBack(then: .retry(goal, error))
        return [.fly(.rollBack)]
    }

    /// Backs off and tries again, as redelivered; or gives up. Holds no connection.
    mutating func retry(_ goal: Goal, after error: PostgresError, now: MonotonicInstant) -> [Action] {
        self.redelivered = true
        if error.code == .poolClosed { return self.end(.drained, "the worker shuts down") }
        if !Judgement.mayPass(error) { return self.end(.unavailable, Judgement.explain(error)) }
        if case .run = goal, Judgement.isCrowding(error) {
            // Other jobs have all connections: no trouble, and bounded by the deadline.
        } else {
            self.failures += 1
        }
        if self.failures >= self.limits.maximumTries {
            return self.end(.unavailable, "gave up after \(self.failures) tries: \(Judgement.explain(error))")
        }
        if case .run = goal, now >= self.deadline {
            return self.end(.expired, "its deadline passed; before that: \(Judgement.explain(error))")
        }
        self.state = .waiting(goal)
        return [.wait(self.jittered(self.limits.backOff, doubled: max(self.failures - 1, 0), atMost: self.limits.maximumBackOff))]
    }

    /// Backs off while a twin works on the same job. That is no trouble, so it is bounded by the deadline only.
    mutating func waitForTwin(_ goal: Goal, now: MonotonicInstant) -> [Action] {
        if now >= self.deadline {
            let twin = self.key.map { "another job with the key '\($0.text)'" } ?? "another copy of it"
            return self.end(.expired, "its deadline passed while \(twin) was running")
        }
        self.state = .waiting(goal)
        let pause = self.jittered(self.limits.twinBackOff, doubled: self.twinRounds, atMost: self.limits.maximumTwinBackOff)
        self.twinRounds += 1
        return [.wait(pause)]
    }

    /// Between half of and the whole of a duration that doubles.
    private mutating func jittered(_ first: Duration, doubled times: Int, atMost maximum: Duration) -> Duration {
        let whole = min(maximum, first * (1 << min(times, 20)))
        return whole * Double.random(in: 0.5...1, using: &self.random)
    }

    /// Another job has the key: this one ends with a receipt of its own, that says what that one's says, so that whoever waits for it, fences it
    /// or sends it again meets what every job has.
    mutating func repeatAnswer(of holder: KeyHolder) -> [Action] {
        guard let key = self.key else { preconditionFailure("a job without a key looks none up") }
        let receipt = holder.receipt(for: self.job, under: key, attempts: self.attempts)
        self.state = .storing(receipt)
        return [.fly(.store(receipt, afterRollback: false))]
    }

    // MARK: Ends

    /// Answers with a receipt, if it is this job's.
    mutating func end(_ receipt: Receipt, _ position: LSN, stored: Bool, now: MonotonicInstant) -> [Action] {
        guard receipt.job == self.job else {
            return self.end(.idConflict, "another job, or another scope's, has the id \(self.job.id): use a new one")
        }
        guard let epoch = self.epoch else { preconditionFailure("nothing is sent to the database before the epoch is known") }
        self.timings[.worker] = now - self.receivedAt
        let token = CausalToken(epoch: epoch, lsn: position)
        self.state = .ended
        return [.end(.reply(receipt.makeReply(token: token, stored: stored, timings: self.timings)))]
    }

    mutating func end(_ code: Refused.Code, _ message: String) -> [Action] {
        self.state = .ended
        return [.end(self.refusal(code, message))]
    }

    mutating func end(wrongEpoch epoch: Epoch) -> [Action] {
        self.state = .ended
        let message = "the primary here is at \(epoch), the request at \(self.epoch.map { "\($0)" } ?? "none")"
        return [.end(self.refusal(.wrongEpoch, message, epoch: epoch))]
    }

    private func refusal(_ code: Refused.Code, _ message: String, epoch: Epoch? = nil) -> JobEnd {
        .refused(Refused(id: self.job.id, code: code, message: message, incarnation: [], neverDispatched: false, epoch: epoch))
    }

    /// Adds what has passed since the last leg to one.
    mutating func finish(_ leg: Leg, now: MonotonicInstant) {
        self.timings[leg, default: .zero] += now - self.legStart
        self.legStart = now
    }
}
