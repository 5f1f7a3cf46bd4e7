import WherryCore

/// Deals one deck of faults; it is shuffled anew when it is used up.
struct ChaosDealer {
    let deck: [ChaosFault.Kind]
    let gaps: ClosedRange<Double>

    private var rest: [ChaosFault.Kind] = []
    /// When each target is whole again.
    private var wholeAt: [String: Double] = [:]

    init(deck: [ChaosFault.Kind], gaps: ClosedRange<Double>) {
        self.deck = deck
        self.gaps = gaps
    }

    mutating func deal(until end: Double, _ cast: ChaosCast, _ generator: inout SplitMix64) -> [ChaosFault] {
        var faults: [ChaosFault] = []
        var at = ChaosSchedule.quietStart + Double.random(in: 0...2, using: &generator)
        while at < end {
            if self.rest.isEmpty { self.rest = self.deck.shuffled(using: &generator) }
            let fault = Self.draw(self.rest.removeLast(), at: at, cast, &generator)
            let over = at + fault.duration + Self.aftermath(of: fault.kind)
            if at >= self.wholeAt[fault.lane, default: 0], over <= end {
                self.wholeAt[fault.lane] = over
                faults.append(fault)
            }
            let gap = Double.random(in: self.gaps, using: &generator)
            at = fault.kind.isOfServers ? max(at, self.wholeAt[fault.lane, default: 0]) + gap : at + gap
        }
        return faults
    }

    private static func draw(_ kind: ChaosFault.Kind, at: Double, _ cast: ChaosCast, _ generator: inout SplitMix64) -> ChaosFault {
        let targets: [String]
        if ChaosFault.Kind.ofBrokers.contains(kind) {
            targets = cast.brokers
        } else if ChaosFault.Kind.ofWorkers.contains(kind) {
            targets = cast.workers
        } else if ChaosFault.Kind.ofApps.contains(kind) {
            targets = cast.apps
        } else if ChaosFault.Kind.ofLinks.contains(kind) {
            targets = cast.links
        } else {
            targets = ["0", "1"]
        }
        let target = targets[Int.random(in: 0..<targets.count, using: &generator)]
        let durations: ClosedRange<Double> =
            switch kind {
            // Shorter and longer than the three seconds after which a silent peer counts as dead.
            case .freezeBroker, .freezeWorker, .freezeApp, .cutLink, .cutLinkOneWay, .halfOpenLink: 0.3...6
            case .killBroker, .killWorker, .killApp, .crashPrimary, .crashReplica: 0...3
            case .freezePrimary, .cutReplication, .pauseReplay: 0.3...5
            case .failOverBehind, .failOverStale: 0.5...3
            case .drainBroker, .drainWorker, .resetLink, .restartPrimary, .restartReplica, .terminateBackends, .switchOver, .failOver: 0...0
            }
        let duration = Double.random(in: durations, using: &generator)
        // Milliseconds are enough, and print well.
        return ChaosFault(at: at.milliseconds, kind: kind, target: target, duration: duration.milliseconds)
    }

    /// How long it takes until everything is whole again after a fault, roughly: what is left of a promotion is a rewind and two restarts.
    private static func aftermath(of kind: ChaosFault.Kind) -> Double {
        if ChaosFault.Kind.promotions.contains(kind) { return 6 }
        return kind.isOfServers ? 2 : 1
    }
}

extension Double {
    /// Rounded to thousandths.
    fileprivate var milliseconds: Double { (self * 1_000).rounded() / 1_000 }
}
