package import WherryCore
import WherryPostgres

/// When to connect, when to poll and for what.
extension ReplayNotifierMachine {
    /// When the machine wants a `tick`; `nil` if it has nothing to do until something happens.
    package var nextDeadline: MonotonicInstant? {
        var candidates = [self.deadlines.min?.key]
        switch self.line {
        case .closed, .connecting: break
        case .resting(let until): candidates.append(until)
        case .open(let open):
            if let inFlight = open.inFlight {
                candidates.append(inFlight.sentAt + self.configuration.pollTimeout)
            } else if self.waiters.isEmpty {
                candidates.append(self.idleSince.map { $0 + self.configuration.idleTimeout })
            } else {
                candidates.append(self.nextPollTime(open))
            }
        }
        return candidates.compactMap { $0 }.min()
    }

    /// Does whatever is due now. Every event ends here, so that no waiter is ever left without something that will wake it.
    mutating func advance(now: MonotonicInstant) {
        while let id = self.deadlines.popMin(upTo: now) {
            self.finish(id, .failed(ReplayError(.timedOut, self.circumstances(of: id))))
        }
        if self.waiters.isEmpty {
            if self.idleSince == nil { self.idleSince = now }
            self.busySince = nil
            self.stall = nil
            self.nextPoll = nil
        }
        switch self.line {
        case .closed:
            if !self.waiters.isEmpty { self.connect() }
        case .resting(let until) where until <= now:
            if self.waiters.isEmpty { self.line = .closed } else { self.connect() }
        case .resting, .connecting: break
        case .open(let open):
            if let inFlight = open.inFlight {
                guard inFlight.sentAt + self.configuration.pollTimeout <= now else { return }
                self.output.append(.disconnect(open.number))
                self.rest(reason: "the server did not answer a poll within \(self.configuration.pollTimeout)", now: now)
            } else if self.waiters.isEmpty {
                guard let idleSince = self.idleSince, idleSince + self.configuration.idleTimeout <= now else { return }
                self.output.append(.disconnect(open.number))
                self.line = .closed
            } else if let time = self.nextPollTime(open), time <= now {
                self.poll(open, now: now)
            }
        }
    }

    // MARK: Connection

    private mutating func connect() {
        self.connections += 1
        self.line = .connecting(self.connections)
        self.output.append(.connect(self.connections))
    }

    mutating func connected(_ number: Int, _ server: ServerIdentity, now: MonotonicInstant) {
        guard case .connecting(number) = self.line else { return }
        if let last = self.lastServer, last != server {
            self.output.append(.serverChanged(from: last, to: server))
        }
        self.lastServer = server
        self.line = .open(Open(number: number, server: server))
        self.nextPoll = now
    }

    mutating func disconnected(_ number: Int, reason: String, now: MonotonicInstant) {
        switch self.line {
        case .connecting(number): self.rest(reason: reason, now: now)
        case .open(let open) where open.number == number: self.rest(reason: reason, now: now)
        default: break
        }
    }

    private mutating func rest(reason: String, now: MonotonicInstant) {
        self.lastFailure = reason
        let doubled = self.configuration.minimumReconnectDelay * (1 << min(self.failures, 16))
        let delay = min(doubled, self.configuration.maximumReconnectDelay)
        self.failures += 1
        self.line = .resting(until: now + delay * Double.random(in: 0.5...1, using: &self.random))
    }

    // MARK: Polls

    /// Those that wait by position poll at once, or as soon as the shortest interval allows.
    mutating func pollSoon(now: MonotonicInstant) {
        guard case .open(let open) = self.line else { return }
        let earliest = open.lastSent.map { max(now, $0 + self.configuration.minimumPollInterval) } ?? now
        self.nextPoll = self.nextPoll.map { min($0, earliest) } ?? earliest
    }

    private func nextPollTime(_ open: Open) -> MonotonicInstant? {
        [self.groups.isEmpty ? nil : self.nextPoll ?? open.lastSent, self.nextLookUpTime].compactMap { $0 }.min()
    }

    private var nextLookUpTime: MonotonicInstant? {
        guard let due = self.lookUps.min?.key else { return nil }
        return self.lastLookUp.map { max(due, $0 + self.configuration.lookUpInterval) } ?? due
    }

    private mutating func poll(_ open: Open, now: MonotonicInstant) {
        let asked = self.receiptsToAsk(open, now: now)
        var open = open
        open.inFlight = InFlight(sentAt: now, asked: asked)
        open.lastSent = now
        self.line = .open(open)
        self.nextPoll = nil
        self.output.append(.poll(open.number, receipts: asked.compactMap { self.waiters[$0]?.condition.jobID }))
    }

    /// Whose receipts the next poll asks for: those whose position is replayed or whose history is over; some that may be due by the time the
    /// poll arrives, so that the common case takes one flight; and, when it is time, the look-ups.
    private mutating func receiptsToAsk(_ open: Open, now: MonotonicInstant) -> [WaiterID] {
        let maximum = self.configuration.maximumReceiptsPerPoll
        var asked: [WaiterID] = []
        for (epoch, group) in self.groups where !group.proofs.isEmpty {
            guard let view = open.view, let current = view.epoch, let position = view.state.position else {
                // Nothing is known yet: the nearest may be there already.
                let early = self.configuration.maximumEarlyReceiptsPerPoll
                asked += group.proofs.elements(upTo: LSN(rawValue: .max), maximum: min(early, maximum - asked.count))
                continue
            }
            switch current.relation(to: epoch) {
            case .same:
                let replayed = group.proofs.elements(upTo: position, maximum: maximum - asked.count)
                asked += replayed
                let (horizon, overflow) = position.rawValue.addingReportingOverflow(self.configuration.earlyReceiptWindow)
                let early = group.proofs.elements(
                    upTo: LSN(rawValue: overflow ? .max : horizon),
                    maximum: min(replayed.count + self.configuration.maximumEarlyReceiptsPerPoll, maximum)
                )
                let known = Set(replayed)
                asked += early.lazy.filter { !known.contains($0) }.prefix(
                    min(self.configuration.maximumEarlyReceiptsPerPoll, maximum - asked.count)
                )
            case .newer:
                asked += group.proofs.elements(upTo: LSN(rawValue: .max), maximum: maximum - asked.count)
            case .older, .fork, .otherSystem: break
            }
        }
        if let time = self.nextLookUpTime, time <= now {
            self.lastLookUp = now
            while asked.count < maximum, let id = self.lookUps.popMin(upTo: now) {
                asked.append(id)
                // Back into the row at its end, until the answer says otherwise.
                self.lookUps.set(id, to: now + self.configuration.lookUpInterval)
            }
        }
        return asked
    }

    /// The pause before the next poll: short for those who just came, an eighth of the wait when it has become long. So a wait is overshot by
    /// an eighth of itself at most, and replay that stands still is not asked two thousand times a second.
    mutating func scheduleNextPoll(now: MonotonicInstant) {
        guard case .open(let open) = self.line, !self.groups.isEmpty, let lastSent = open.lastSent else { return }
        let youngest = now - self.lastRegistered
        let still = now - max(self.lastMoved, self.busySince ?? now)
        let interval = max(youngest, still) / 8
        self.nextPoll =
            lastSent + min(max(interval, self.configuration.minimumPollInterval), self.configuration.maximumPollInterval)
    }

    /// For the message of a timeout.
    private func circumstances(of id: WaiterID) -> String {
        let wanted = self.waiters[id]?.condition.token.map { "\($0.lsn) on \($0.epoch)" } ?? "a receipt"
        guard case .open(let open) = self.line else {
            return "waited for \(wanted); no connection to the local server (\(self.lastFailure ?? "connecting"))"
        }
        let position = open.view?.state.position.map(\.description) ?? "unknown"
        let epoch = open.view?.epoch.map(\.description) ?? "an unknown epoch"
        return "waited for \(wanted); the local server stands at \(position) on \(epoch)"
    }
}
