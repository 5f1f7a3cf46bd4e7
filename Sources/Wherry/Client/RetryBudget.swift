package import WherryCore

/// How many jobs may be sent again because their holder is dead or disowns them: a share of the first sends, so that a fault cannot turn
/// into a storm that keeps it alive.
///
/// A token bucket. Each first send earns `share` of a token; besides, tokens trickle in, `floor` a second or `share` of the pending table a
/// second, whichever is more, so that a full table is redelivered within ten seconds or so when nothing new is sent.
package struct RetryBudget: Sendable {
    private let share: Double
    private let floor: Double
    private let capacity: Double
    private var tokens: Double
    private var refilledAt: MonotonicInstant?

    package init(share: Double, floor: Int, maximumPending: Int) {
        self.share = share
        self.floor = Double(floor)
        self.capacity = max(self.floor, share * Double(maximumPending))
        self.tokens = self.floor
    }

    /// A job was sent for the first time.
    package mutating func earn() {
        self.tokens = min(self.tokens + self.share, self.capacity)
    }

    /// Takes one token if there is one.
    package mutating func take(pending: Int, now: MonotonicInstant) -> Bool {
        let elapsed = self.refilledAt.map { now - $0 } ?? .zero
        self.refilledAt = now
        self.tokens = min(self.tokens + elapsed.milliseconds / 1_000 * self.rate(pending: pending), self.capacity)
        guard self.tokens >= 1 else { return false }
        self.tokens -= 1
        return true
    }

    /// When the next token will be there.
    package func nextToken(pending: Int, now: MonotonicInstant) -> MonotonicInstant {
        guard self.tokens < 1 else { return now }
        let seconds = (1 - self.tokens) / self.rate(pending: pending)
        return (self.refilledAt ?? now) + .seconds(seconds) + .microseconds(1)
    }

    private func rate(pending: Int) -> Double {
        max(self.floor, self.share * Double(pending), 0.1)
    }
}
