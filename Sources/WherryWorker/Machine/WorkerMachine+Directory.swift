import OrderedCollections
import WherryCore
import WherryWire

/// Which links there are: one to every broker that the configuration names, and to every address of those that it names by a host name.
extension WorkerMachine {
    /// A host name was looked up.
    mutating func resolved(_ entry: Int, _ answer: BrokerDirectory.Answer, now: MonotonicInstant, _ actions: inout [Action]) {
        if let (host, reason) = self.directory.resolved(entry, answer, now: now) {
            actions.append(.log(.unresolved(host: host, reason: reason)))
        }
        self.followDirectory(now: now, &actions)
    }

    /// Makes links to new addresses; those to addresses that have vanished get no credit any more.
    mutating func followDirectory(now: MonotonicInstant, _ actions: inout [Action]) {
        let targets = self.directory.targets
        let wanted = Set(targets)
        for link in self.links.indices where self.links[link].state != .closed {
            if wanted.contains(self.links[link].target) {
                self.links[link].retiresAt = nil
            } else if self.links[link].retiresAt == nil {
                // Not at once: a job may be on its way here.
                self.links[link].retiresAt = now + self.heartbeatInterval(of: link)
                self.links[link].credit = 0
                if case .serving = self.links[link].state { self.send(.credit(0), to: link, &actions) }
            }
        }
        let linked = Set(self.links.lazy.filter { $0.state != .closed }.map(\.target))
        for target in targets where !linked.contains(target) {
            let link = Link(target, serial: self.nextSerial, state: .waiting(until: self.phase == .idle ? nil : now))
            self.nextSerial += 1
            if let place = self.links.firstIndex(where: { $0.state == .closed }) {
                self.links[place] = link
            } else {
                self.links.append(link)
            }
        }
    }

    /// The incarnation that this worker shows on a link.
    func incarnation(for link: Int) -> [UInt8] {
        var incarnation = self.incarnation
        for (place, shift) in zip(incarnation.indices.suffix(8), stride(from: 56, through: 0, by: -8)) {
            incarnation[place] ^= UInt8(truncatingIfNeeded: self.links[link].serial >> UInt64(shift))
        }
        return incarnation
    }

    /// Closes a link whose address has vanished once nothing is held for it, or its broker is dead as well.
    mutating func retire(_ link: Int, notBefore: MonotonicInstant, now: MonotonicInstant, _ actions: inout [Action]) {
        if case .serving = self.links[link].state {
            if self.links[link].lastHeard + self.patience(with: link) <= now {
                self.lose(link, because: .brokerSilent(link: link), now: now, &actions)
            } else if notBefore <= now, !self.holdsSomething(for: link) {
                self.send(.disconnect(Disconnect(reason: .leaving)), to: link, &actions)
                actions.append(.disconnect(link))
            } else {
                if self.links[link].nextHeartbeat <= now { self.beat(link, now: now, &actions) }
                return
            }
        } else if self.links[link].isOpen {
            actions.append(.disconnect(link))
        }
        self.links[link].state = .closed
        self.links[link].retiresAt = nil
        for id in self.jobs.keys { self.jobs[id]?.links.removeAll { $0 == link } }
    }

    private func holdsSomething(for link: Int) -> Bool {
        self.jobs.values.contains { $0.links.contains(link) } || self.fences.values.contains { $0.links.contains(link) }
            || self.positions.asked.contains { $0.link == link } || self.positions.waiting.contains { $0.link == link }
    }

    // MARK: Kinds of jobs

    var hasRegionJobs: Bool { self.settings.offers.contains(where: \.isRegionJob) }

    var hasWriteJobs: Bool { self.settings.offers.contains { !$0.isRegionJob } }

    /// Whether a standby is of no use to this worker: it has no region jobs, or it has write jobs and stands where the primary should be. A
    /// worker without any handler is there to answer fences.
    var needsPrimary: Bool {
        !self.hasRegionJobs || self.hasWriteJobs && self.settings.region == self.settings.primaryRegion
    }
}
