import WherryCore
import WherryWire

/// Which links there are: one to every broker that the configuration names, and to every address of those that it names by a host name.
extension ClientMachine {
    /// The regions that jobs can be sent to, the primary's first.
    var regions: [String] {
        let others = Set(self.configuration.brokers.map { self.region(of: $0.region) }).subtracting([self.configuration.primaryRegion])
        return [self.configuration.primaryRegion] + others.sorted()
    }

    /// Brokers whose region the configuration does not say stand in the primary's.
    private func region(of region: String?) -> String {
        region ?? self.configuration.primaryRegion
    }

    /// Whether jobs of a lane may go through a link.
    func serves(_ link: Link, _ lane: Lane) -> Bool {
        switch lane {
        case .primary: link.region == self.configuration.primaryRegion
        case .region(let region): link.region == region
        }
    }

    /// A host name was looked up.
    mutating func resolved(_ entry: Int, _ answer: BrokerDirectory.Answer, now: MonotonicInstant) {
        if let (host, reason) = self.directory.resolved(entry, answer, now: now) {
            self.output.append(.note(.unresolved(host: host, reason: reason)))
        }
        self.followDirectory()
    }

    /// Makes links to new addresses; those to addresses that have vanished get nothing new.
    mutating func followDirectory() {
        let targets = self.directory.targets
        let wanted = Set(targets)
        for index in self.links.indices where !self.links[index].isClosed {
            self.links[index].isRetiring = !wanted.contains(self.links[index].target)
        }
        let linked = Set(self.links.lazy.filter { !$0.isClosed }.map(\.target))
        for target in targets where !linked.contains(target) {
            let link = Link(
                target, region: self.region(of: target.region), serial: self.nextSerial, interval: self.configuration.heartbeatInterval)
            self.nextSerial += 1
            if let place = self.links.firstIndex(where: \.isClosed) { self.links[place] = link } else { self.links.append(link) }
        }
    }

    /// The incarnation that this client shows on a link.
    func incarnation(for id: LinkID) -> [UInt8] {
        var incarnation = self.configuration.incarnation
        for (place, shift) in zip(incarnation.indices.suffix(8), stride(from: 56, through: 0, by: -8)) {
            incarnation[place] ^= UInt8(truncatingIfNeeded: self.links[id.index].serial >> UInt64(shift))
        }
        return incarnation
    }

    /// Closes a link whose address has vanished, now that its broker holds nothing of ours any more, or is dead as well.
    mutating func retire(_ id: LinkID, now: MonotonicInstant) {
        for handle in self.links[id.index].outstanding.sorted() {
            guard let entry = self.entries[handle], entry.isOrphan(of: id) else { continue }
            // Nobody will come back there.
            self.complete(handle, .regionJobEnded(.lost(reason: self.whyLost(entry))), now: now)
        }
        self.leave(id, now: now)
        // Its place may be another's soon.
        for (handle, entry) in self.entries where entry.lastLink == id { self.entries[handle]?.lastLink = nil }
    }

    /// Says goodbye, and closes a link for good.
    mutating func leave(_ id: LinkID, now: MonotonicInstant) {
        if self.links[id.index].isReady { self.send(.disconnect(Disconnect(reason: .leaving)), via: id, now: now) }
        if self.links[id.index].isOpen { self.output.append(.closeLink(id)) }
        self.links[id.index].state = .closed
        self.links[id.index].isRetiring = false
        self.links[id.index].outstanding = []
    }
}
