import OrderedCollections
import WherryCore
import WherryWire

/// How the capacity is shared between brokers. A credit is how many jobs a broker may have here at once: what it has here already, and its
/// share of what is free. Shares move to where the work is as soon as a broker has used up its own. Credits that cross a job on its way may
/// add up to more than the capacity for a moment: for that there is the allowance.
extension WorkerMachine {
    /// The credit that a broker should have now.
    func fairCredit(of link: Int) -> Int {
        guard self.acceptsJobs, self.links[link].retiresAt == nil else { return 0 }
        let sharers = self.links.indices.filter { $0 == link || self.links[$0].isOpen && self.links[$0].retiresAt == nil }.count
        let free = max(0, self.settings.concurrency - self.jobs.count)
        return max(1, self.heldCount(of: link) + (free + sharers - 1) / sharers)
    }

    func heldCount(of link: Int) -> Int {
        self.jobs.values.count { $0.links.contains(link) }
    }

    /// Tells brokers a new credit: all of them when the worker has begun or ceased to take jobs, or when one has used up its own while
    /// capacity is free. Otherwise it waits for the next heartbeat, so that not every job costs a message.
    mutating func rebalance(now: MonotonicInstant, _ actions: inout [Action]) {
        let accepts = self.acceptsJobs
        let serving = self.links.indices.filter { self.links[$0].state == .serving && self.links[$0].retiresAt == nil }
        let isStarved = serving.contains { self.links[$0].credit <= self.heldCount(of: $0) && self.jobs.count < self.settings.concurrency }
        let mustTell = accepts ? isStarved : serving.contains { self.links[$0].credit > 0 }
        guard mustTell else { return }
        for link in serving {
            let credit = self.fairCredit(of: link)
            guard credit != self.links[link].credit else { continue }
            self.links[link].credit = credit
            self.send(.credit(credit), to: link, &actions)
        }
    }

    /// Whether new jobs are welcome at all.
    var acceptsJobs: Bool {
        guard case .working = self.phase else { return false }
        switch self.primary.state {
        case .serving: return true
        case .standby, .stale: return self.hasRegionJobs
        case .unknown, .unavailable: return false
        }
    }
}
