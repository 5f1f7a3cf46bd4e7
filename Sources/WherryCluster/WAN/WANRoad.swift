import WherryCore

/// One direction of a link, shared by all its connections: when something that sets out now arrives.
///
/// A pure machine: it is told the time.
struct WANRoad {
    /// When the last byte that was given to it will have left.
    private var freeAt = MonotonicInstant.zero
    private var generator: SplitMix64

    init(seed: UInt64) {
        self.generator = SplitMix64(seed: seed)
    }

    mutating func arrival(of bytes: Int, over link: WANLink, now: MonotonicInstant) -> MonotonicInstant {
        var departure = now
        if let bandwidth = link.bandwidth {
            self.freeAt = max(self.freeAt, now) + .seconds(Double(bytes) / Double(bandwidth))
            departure = self.freeAt
        }
        let jitter = link.jitter == .zero ? .zero : link.jitter * Double.random(in: 0...1, using: &self.generator)
        return departure + link.delay + jitter
    }
}
