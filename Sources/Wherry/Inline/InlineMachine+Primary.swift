import WherryCore
import WherryWire

/// What the primary is, and when to ask.
extension InlineMachine {
    mutating func checkPrimary() {
        guard !self.isChecking else { return }
        self.isChecking = true
        self.output.append(.checkPrimary)
    }

    mutating func primaryChecked(_ check: PrimaryCheck, now: MonotonicInstant) {
        self.isChecking = false
        let trouble: Trouble?
        switch check {
        case .primary(let status):
            self.primary = (status, now)
            self.wasPrimary = true
            self.retryDelay = .zero
            self.nextCheck = now + self.configuration.primaryCheckInterval
            self.output.append(.tell(.heartbeat(Heartbeat(primary: status))))
            trouble = nil
        case .unreachable(let reason), .unusable(let reason):
            let doubled = max(self.retryDelay * 2, self.configuration.primaryRetryDelay)
            self.retryDelay = min(doubled, self.configuration.maximumPrimaryRetryDelay)
            self.nextCheck = now + self.retryDelay
            // What worked once will work again: a failover makes a standby of the primary for a while.
            var isFinal = false
            if case .unusable = check { isFinal = !self.wasPrimary }
            trouble = Trouble(reason: reason, isFinal: isFinal)
        }
        guard trouble != self.trouble else { return }
        self.trouble = trouble
        self.output.append(.trouble(trouble))
    }

    /// The primary's epoch and clock now, if they are known.
    func status(now: MonotonicInstant) -> PrimaryStatus? {
        self.primary.map { status, at in
            var status = status
            status.unixMilliseconds += (now - at).saturatedNanoseconds / 1_000_000
            return status
        }
    }
}
