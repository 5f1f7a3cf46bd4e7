import WherryCore

/// What goes wrong in a run, and when: drawn from a seed before the run begins.
///
/// Three decks of faults are dealt side by side, for processes, links and servers. Each is shuffled anew when it is used up, so that even a short
/// run has all sorts of faults. Faults of one target never overlap, nor do faults of the servers; all others may.
struct ChaosSchedule: Codable, Hashable, Sendable {
    /// By their beginning.
    var faults: [ChaosFault] = []

    /// The first fault begins after so many seconds: everybody has started.
    static let quietStart = 2.0

    /// How many seconds at the end see no fault: whatever was broken is whole, and every call comes to its end.
    static func quietTail(of seconds: Int) -> Double { min(12, Double(seconds) / 4) }

    init(seed: UInt64, seconds: Int, cast: ChaosCast) {
        var generator = SplitMix64(seed: seed)
        let end = Double(seconds) - Self.quietTail(of: seconds)
        var processes = ChaosDealer(deck: ChaosFault.Kind.ofBrokers + ChaosFault.Kind.ofWorkers + ChaosFault.Kind.ofApps, gaps: 1.0...4.0)
        var links = ChaosDealer(deck: ChaosFault.Kind.ofLinks, gaps: 1.0...4.0)
        var servers = ChaosDealer(deck: ChaosFault.Kind.ofServers, gaps: 0.5...2.5)
        let dealt =
            processes.deal(until: end, cast, &generator) + links.deal(until: end, cast, &generator)
            + servers.deal(until: end, cast, &generator)
        self.faults = dealt.sorted { ($0.at, $0.target) < ($1.at, $1.target) }
    }

    /// By lane, each in its order.
    var lanes: [String: [ChaosFault]] {
        Dictionary(grouping: self.faults, by: \.lane)
    }
}
