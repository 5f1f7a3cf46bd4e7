/// Which brokers there are: the configured ones, with host names replaced by all addresses that they have now, and when to look those up again.
///
/// A pure part of the client's and of the worker's machine. A look-up that fails, or finds nothing, keeps what is known.
package struct BrokerDirectory: Sendable {
    /// One broker to have a link to.
    package struct Target: Hashable, Sendable {
        package var region: String?
        package var endpoint: String

        package init(region: String? = nil, endpoint: String) {
            self.region = region
            self.endpoint = endpoint
        }
    }

    /// A host name to look up; the answer comes back with the same entry.
    package struct Query: Hashable, Sendable {
        package var entry: Int
        package var host: String
    }

    /// What a look-up found.
    package enum Answer: Hashable, Sendable {
        /// IPv4 and IPv6 addresses in digits.
        case addresses([String])
        case failed(String)
    }

    /// How often names are looked up.
    package struct Times: Hashable, Sendable {
        /// The time between two look-ups of a name. Default: 10 s.
        package var interval = Duration.seconds(10)
        /// The least time between two of them: when a link was lost, and while a name has no address yet. Default: 1 s.
        package var minimumInterval = Duration.seconds(1)

        package init() {}
    }

    private struct Entry: Sendable {
        let address: BrokerAddress
        var endpoints: [String]
        var isAsking = false
        var askedAt: MonotonicInstant?
        /// `nil` for what is no name, and while it is being looked up.
        var due: MonotonicInstant?
        /// Why the last look-up failed.
        var problem: String?
    }

    private let times: Times
    private var entries: [Entry]

    package init(_ addresses: [BrokerAddress], times: Times = Times()) {
        self.times = times
        self.entries = addresses.map { address in
            address.hostName == nil
                ? Entry(address: address, endpoints: [address.endpoint]) : Entry(address: address, endpoints: [], due: .zero)
        }
    }

    /// The brokers as of now, each once, in the order of the configuration.
    package var targets: [Target] {
        var seen: Set<Target> = []
        var targets: [Target] = []
        for entry in self.entries {
            for endpoint in entry.endpoints {
                let target = Target(region: entry.address.region, endpoint: endpoint)
                if seen.insert(target).inserted { targets.append(target) }
            }
        }
        return targets
    }

    /// The names without an address, and why: for messages.
    package var problems: [String] {
        self.entries.filter(\.endpoints.isEmpty).map { entry in
            "\(entry.address.endpoint): \(entry.problem.map { "its name cannot be resolved: \($0)" } ?? "its name is being resolved")"
        }
    }

    /// When a name wants to be looked up next.
    package var nextDeadline: MonotonicInstant? {
        self.entries.lazy.compactMap(\.due).min()
    }

    /// The names that are to be looked up now.
    package mutating func takeDue(now: MonotonicInstant) -> [Query] {
        var queries: [Query] = []
        for index in self.entries.indices {
            guard let due = self.entries[index].due, due <= now, let host = self.entries[index].address.hostName else { continue }
            self.entries[index].due = nil
            self.entries[index].isAsking = true
            self.entries[index].askedAt = now
            queries.append(Query(entry: index, host: host))
        }
        return queries
    }

    /// Takes an answer.
    ///
    /// - Returns: a failure that is news: the first after a success.
    package mutating func resolved(_ entry: Int, _ answer: Answer, now: MonotonicInstant) -> (host: String, reason: String)? {
        guard self.entries.indices.contains(entry), self.entries[entry].isAsking, let host = self.entries[entry].address.hostName else {
            return nil
        }
        self.entries[entry].isAsking = false
        switch answer {
        case .addresses(let addresses) where !addresses.isEmpty:
            var endpoints: [String] = []
            for address in addresses {
                let endpoint = self.entries[entry].address.endpoint(at: address)
                if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
            }
            // An answer's order changes from one to the next, which must not matter.
            self.entries[entry].endpoints = endpoints.sorted()
            self.entries[entry].problem = nil
            self.entries[entry].due = now + self.times.interval
            return nil
        case .addresses: return self.failed(entry, host, "it has no address", now: now)
        case .failed(let reason): return self.failed(entry, host, reason, now: now)
        }
    }

    private mutating func failed(_ entry: Int, _ host: String, _ reason: String, now: MonotonicInstant) -> (host: String, reason: String)? {
        let isNews = self.entries[entry].problem == nil
        self.entries[entry].problem = reason
        self.entries[entry].due = now + (self.entries[entry].endpoints.isEmpty ? self.times.minimumInterval : self.times.interval)
        return isNews ? (host, reason) : nil
    }

    /// A link was lost: perhaps its broker is elsewhere now.
    package mutating func lost(_ endpoint: String, now: MonotonicInstant) {
        for index in self.entries.indices where self.entries[index].endpoints.contains(endpoint) {
            guard let due = self.entries[index].due else { continue }
            let earliest = max(now, (self.entries[index].askedAt ?? .zero) + self.times.minimumInterval)
            self.entries[index].due = min(due, earliest)
        }
    }
}
