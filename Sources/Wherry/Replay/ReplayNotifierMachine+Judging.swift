import WherryCore
import WherryPostgres

/// What a poll's answer means for those who wait.
extension ReplayNotifierMachine {
    mutating func pollFailed(_ number: Int, reason: String, now: MonotonicInstant) {
        guard case .open(var open) = self.line, open.number == number, open.inFlight != nil else { return }
        self.lastFailure = reason
        open.inFlight = nil
        self.line = .open(open)
        self.nextPoll = now + self.configuration.maximumPollInterval
    }

    mutating func observed(_ number: Int, _ observation: ReplayObservation, now: MonotonicInstant) {
        guard case .open(var open) = self.line, open.number == number, let inFlight = open.inFlight else { return }
        let previous = open.view
        self.failures = 0
        if let previous, previous.state.isInRecovery != observation.state.isInRecovery {
            self.output.append(.roleChanged(isPrimary: !observation.state.isInRecovery))
        }
        if previous?.state.position != observation.state.position { self.lastMoved = now }
        let view = View(
            state: observation.state,
            epoch: observation.epoch,
            isConfirmed: Self.isConfirmed(observation, after: previous, of: open.server),
            readAt: now
        )
        open.inFlight = nil
        open.view = view
        self.line = .open(open)
        self.scheduleNextPoll(now: now)

        self.judgeStall(view.state, now: now)
        if let denied = observation.denied {
            self.failAll(ReplayError(.denied, denied)) { $0.jobID != nil || observation.epoch == nil }
        }
        guard view.isConfirmed, let epoch = observation.epoch else { return }
        if self.announcedEpoch != epoch {
            self.announcedEpoch = epoch
            self.learn(epoch)
            self.output.append(.epochSeen(epoch))
        }
        self.judgePositions(epoch: epoch, position: view.state.position)
        self.judgeReceipts(inFlight.asked, observation, epoch: epoch, now: now)
        if !self.groups.isEmpty, self.hasReplayedProofs(epoch: epoch, position: view.state.position) {
            // More were due than one poll may ask for, or than it asked for early: no reason to wait.
            self.nextPoll = now
        }
    }

    /// Whether a poll may be judged by: it met the server, the role and the epoch of the poll before it. On a primary the epoch must also be
    /// that of the timeline it writes: after a promotion the old row is the newest until the first worker writes its own (rule 29).
    private static func isConfirmed(_ observation: ReplayObservation, after previous: View?, of server: ServerIdentity) -> Bool {
        let state = observation.state
        guard let previous, let epoch = observation.epoch, previous.epoch == epoch, previous.state.startTime == state.startTime,
            state.startTime == server.startTime, previous.state.isInRecovery == state.isInRecovery
        else { return false }
        return state.isInRecovery || state.timeline == nil || state.timeline == epoch.timeline
    }

    private mutating func judgePositions(epoch: Epoch, position: LSN?) {
        for other in Array(self.groups.keys) {
            switch epoch.relation(to: other) {
            case .same:
                guard let position else { continue }
                while let id = self.groups[other]?.positions.popMin(upTo: position) {
                    self.finish(id, .reached(CausalToken(epoch: epoch, lsn: position)))
                }
            case .newer:
                for id in self.groups[other].map({ Array($0.positions.ids) }) ?? [] { self.finish(id, .superseded(by: epoch)) }
            case .older: continue
            case .fork:
                let error = ReplayError(.fork, "the token is of \(other), the local server of \(epoch): two forks of one timeline")
                self.failAll(error) { $0.token?.epoch == other }
            case .otherSystem:
                let error = ReplayError(
                    .otherSystem,
                    "the token is of system \(other.systemIdentifier), the local server of \(epoch.systemIdentifier)"
                )
                self.failAll(error) { $0.token?.epoch == other }
            }
        }
    }

    private mutating func judgeReceipts(_ asked: [WaiterID], _ observation: ReplayObservation, epoch: Epoch, now: MonotonicInstant) {
        guard let receipts = observation.receipts else { return }
        let known = self.newestEpoch.map { epoch.relation(to: $0) } ?? .same
        let seen = CausalToken(epoch: epoch, lsn: observation.positionAfter ?? observation.state.position ?? .zero)
        for id in asked {
            guard let condition = self.waiters[id]?.condition, let jobID = condition.jobID else { continue }
            if let receipt = receipts[jobID], known == .same || known == .newer {
                self.finish(id, .receipt(receipt, seen: seen))
            } else if let token = condition.token {
                switch epoch.relation(to: token.epoch) {
                case .newer: self.finish(id, .superseded(by: epoch))
                case .same where observation.state.position.map { token.lsn <= $0 } ?? false:
                    // Replayed, and not there, or on a server that proves nothing: a failover is on its way. Look less often.
                    self.groups[token.epoch]?.proofs.remove(id)
                    if self.groups[token.epoch]?.isEmpty ?? false { self.groups[token.epoch] = nil }
                    if !self.lookUps.contains(id) { self.lookUps.set(id, to: now + self.configuration.lookUpInterval) }
                case .same, .older, .fork, .otherSystem: break
                }
            }
        }
    }

    private func hasReplayedProofs(epoch: Epoch, position: LSN?) -> Bool {
        self.groups.contains { other, group in
            guard let nearest = group.proofs.min?.key else { return false }
            return switch epoch.relation(to: other) {
            case .same: position.map { nearest <= $0 } ?? false
            case .newer: true
            case .older, .fork, .otherSystem: false
            }
        }
    }

    /// Rule 13. Progress, from whatever source, is no stall: a standby may be fed from an archive.
    private mutating func judgeStall(_ state: ReplayObservation.State, now: MonotonicInstant) {
        let error: ReplayError?
        if !state.isInRecovery {
            error = nil
        } else if state.isPaused {
            error = ReplayError(.paused, "replay is paused on the local replica: pg_wal_replay_resume() resumes it")
        } else if !state.hasReceiver {
            error = ReplayError(.noReceiver, "the local replica has no WAL receiver: it cannot reach its primary")
        } else {
            error = nil
        }
        guard let error else {
            self.stall = nil
            return
        }
        if let stall = self.stall, stall.error.code == error.code, stall.position == state.position {
            guard stall.since + self.configuration.stallGrace <= now else { return }
            self.failAll(error) { $0.token != nil }
        } else {
            self.stall = Stall(error: error, since: now, position: state.position)
        }
    }

    private mutating func failAll(_ error: ReplayError, where isMeant: (ReplayCondition) -> Bool) {
        for (id, waiter) in self.waiters where isMeant(waiter.condition) { self.finish(id, .failed(error)) }
    }
}
