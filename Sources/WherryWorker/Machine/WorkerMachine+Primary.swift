import OrderedCollections
import WherryCore
import WherryJobs
import WherryWire

extension WorkerMachine {
    mutating func checkPrimary(now: MonotonicInstant, _ actions: inout [Action]) {
        guard !self.primary.isChecking else { return self.primary.mustCheckAgain = true }
        self.primary.isChecking = true
        self.primary.mustCheckAgain = false
        self.primary.nextCheck = nil
        actions.append(.checkPrimary)
    }

    mutating func primaryChecked(_ check: PrimaryCheck, now: MonotonicInstant, _ actions: inout [Action]) {
        guard self.primary.isChecking else { return }
        self.primary.isChecking = false
        let before = self.primary.state
        switch check {
        case .primary(let status):
            self.primary.wasPrimary = true
            self.primary.wasUsable = true
            self.primary.foundAt = now
            self.primary.retryDelay = .zero
            self.primary.nextCheck = now + self.settings.primaryCheckInterval
            self.primary.state = self.isStale(status.epoch) ? .stale(status) : .serving(status)
        case .standby where !self.primary.wasUsable && self.needsPrimary:
            return self.end(.startedOnStandby, now: now, &actions)
        case .unusable(let reason) where !self.primary.wasUsable:
            return self.end(.startedOnUnusable(reason), now: now, &actions)
        case .standby where self.hasRegionJobs:
            if self.primary.wasPrimary, self.hasWriteJobs, before != .standby { actions.append(.log(.primaryIsStandby)) }
            self.primary.wasUsable = true
            self.primary.retryDelay = .zero
            self.primary.nextCheck = now + self.settings.primaryCheckInterval
            self.primary.state = .standby
        case .standby:
            // A failover: the address will point to a primary again.
            self.primaryLost(now: now)
            if before != .unavailable { actions.append(.log(.primaryIsStandby)) }
        case .unreachable(let reason), .unusable(let reason):
            self.primaryLost(now: now)
            if before != .unavailable { actions.append(.log(.primaryUnreachable(reason))) }
        }
        self.primaryChanged(from: before, now: now, &actions)
        if self.primary.mustCheckAgain { self.primary.nextCheck = now + self.settings.primaryRetryDelay }
    }

    private mutating func primaryLost(now: MonotonicInstant) {
        self.primary.state = .unavailable
        let delay = min(max(self.primary.retryDelay * 2, self.settings.primaryRetryDelay), self.settings.maximumPrimaryRetryDelay)
        self.primary.retryDelay = delay
        self.primary.nextCheck = now + self.jittered(delay)
    }

    /// Says so to the brokers if another epoch is served than before, or none; hands back what has not begun and cannot now.
    private mutating func primaryChanged(from before: PrimaryWatch.State, now: MonotonicInstant, _ actions: inout [Action]) {
        switch (before, self.primary.state) {
        case (.serving(let old), .serving(let new)) where old.epoch == new.epoch:
            return
        case (_, .serving(let status)):
            actions.append(.log(.serving(status.epoch)))
        case (.stale(let old), .stale(let new)) where old.epoch == new.epoch:
            return
        case (_, .stale(let status)):
            actions.append(.log(.primaryIsStale(own: status.epoch, newest: self.primary.newestAnnounced ?? status.epoch)))
        case (.standby, .standby):
            return
        case (_, .standby):
            actions.append(.log(.servingStandby))
        case (_, .unavailable), (_, .unknown):
            break
        }
        for (id, job) in self.jobs where job.stage == .waiting {
            if let (code, message) = self.reasonToRefuse(job.request, now: now, &actions) {
                self.handBack(id, code, message, now: now, &actions)
            }
        }
        if before != self.primary.state { for link in self.links.indices { self.beat(link, now: now, &actions) } }
    }

    /// Hears from a broker which epoch is the newest that workers announced to it. Only workers are believed in this (design.md, "Tokens and
    /// epochs"): so what a REQUEST says does not count.
    mutating func learn(_ status: PrimaryStatus?, now: MonotonicInstant, _ actions: inout [Action]) {
        guard let epoch = status?.epoch else { return }
        switch self.primary.newestAnnounced.map({ epoch.relation(to: $0) }) {
        case nil, .newer: self.primary.newestAnnounced = epoch
        case .same, .older, .fork, .otherSystem: break
        }
        guard case .serving(let own) = self.primary.state else { return }
        switch epoch.relation(to: own.epoch) {
        case .same, .older: break
        case .newer: self.becomeStale(own, now: now, &actions)
        case .fork, .otherSystem:
            guard self.primary.reportedFork != epoch else { break }
            self.primary.reportedFork = epoch
            actions.append(.log(.primariesDiffer(own: own.epoch, other: epoch)))
        }
    }

    /// Stops serving at once, and looks whether the address points to the new primary by now.
    private mutating func becomeStale(_ own: PrimaryStatus, now: MonotonicInstant, _ actions: inout [Action]) {
        let before = self.primary.state
        self.primary.state = .stale(own)
        self.primaryChanged(from: before, now: now, &actions)
        self.checkPrimary(now: now, &actions)
    }

    private func isStale(_ epoch: Epoch) -> Bool {
        guard let newest = self.primary.newestAnnounced else { return false }
        return epoch.relation(to: newest) == .older
    }

    /// What a run found out about the database besides its own answer.
    mutating func react(to end: JobEnd, now: MonotonicInstant, _ actions: inout [Action]) {
        guard case .refused(let refused) = end else { return }
        switch refused.code {
        case .unavailable, .wrongEpoch: self.checkPrimary(now: now, &actions)
        default: break
        }
    }

    /// The primary's clock as of now; `nil` if none is served.
    func primaryStatus(now: MonotonicInstant) -> PrimaryStatus? {
        guard case .serving(var status) = self.primary.state else { return nil }
        status.unixMilliseconds += (now - self.primary.foundAt).saturatedNanoseconds / 1_000_000
        return status
    }

    mutating func takeQuestion(_ question: PositionRequest, from link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        // There is no refusal for these: whoever gets no answer asks again, of another worker.
        guard case .working = self.phase, case .serving = self.primary.state,
            self.positions.asked.count + self.positions.waiting.count < self.settings.maximumPositionQuestions
        else { return }
        self.positions.waiting.append(.init(number: question.number, link: link))
        if !self.positions.isAsking { self.askPosition(&actions) }
    }

    mutating func positionRead(_ token: CausalToken?, now: MonotonicInstant, _ actions: inout [Action]) {
        if let token {
            for question in self.positions.asked {
                self.send(.position(Position(number: question.number, token: token)), to: question.link, &actions)
            }
        }
        self.positions.asked = []
        self.positions.isAsking = false
        self.askPosition(&actions)
    }

    private mutating func askPosition(_ actions: inout [Action]) {
        guard !self.positions.waiting.isEmpty, case .serving(let status) = self.primary.state else {
            return self.positions.waiting = []
        }
        self.positions.asked = self.positions.waiting
        self.positions.waiting = []
        self.positions.isAsking = true
        actions.append(.readPosition(status.epoch))
    }
}
