import WherryCore

/// A worker lives as long as its handlers can run. The event loop has a thread of its own, which would say so for ever while handlers that block
/// have taken all others: no job would end, and no broker would give it to somebody else. So the machine has a sign of life sent through those
/// threads, and falls silent when none comes back.
extension WorkerMachine {
    struct Pulse: Sendable {
        /// When the one that is under way was sent.
        var askedAt: MonotonicInstant?
        var nextAsk = MonotonicInstant.zero
        /// Nothing runs: no broker hears of this worker until something does.
        var isStalled = false
    }

    mutating func tendPulse(now: MonotonicInstant, _ actions: inout [Action]) {
        if let askedAt = self.pulse.askedAt {
            if !self.pulse.isStalled, askedAt + self.settings.stallLimit <= now { self.stall(for: now - askedAt, now: now, &actions) }
        } else if self.pulse.nextAsk <= now {
            self.pulse.askedAt = now
            actions.append(.pulse)
        }
    }

    mutating func pulsed(now: MonotonicInstant, _ actions: inout [Action]) {
        self.pulse.askedAt = nil
        self.pulse.nextAsk = now + self.settings.pulseInterval
        guard self.pulse.isStalled else { return }
        self.pulse.isStalled = false
        actions.append(.log(.recovered))
        for link in self.links.indices {
            if case .waiting(.some) = self.links[link].state { self.links[link].state = .waiting(until: now) }
        }
    }

    var nextPulse: MonotonicInstant? {
        guard let askedAt = self.pulse.askedAt else { return self.pulse.nextAsk }
        return self.pulse.isStalled ? nil : askedAt + self.settings.stallLimit
    }

    /// Says nothing more, not even goodbye: to brokers it is dead, and what it ran may be what killed it.
    private mutating func stall(for duration: Duration, now: MonotonicInstant, _ actions: inout [Action]) {
        self.pulse.isStalled = true
        actions.append(.log(.stalled(for: duration)))
        for link in self.links.indices where self.links[link].isOpen { self.lose(link, because: nil, now: now, &actions) }
    }
}
