package import WherryCore

/// What makes a value sensible, for values that were read and for those that code set.
extension Setting {
    /// The longest name of a region or a scope, in bytes.
    private static let longestName = 200

    /// What a value must be, in words.
    package var expectation: String {
        switch self.kind {
        case .name: "1 to \(Self.longestName) bytes"
        case .database: "a connection string"
        case .endpoints: "endpoints that begin with tcp://, ipc:// or inproc://"
        case .number(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .seconds(let range) where range.lowerBound == 0: "a number of seconds, not negative"
        case .seconds(let range) where range.upperBound >= 1e9: "a number of seconds, more than zero"
        case .seconds(let range): "a number of seconds from \(range.lowerBound) to \(range.upperBound.formattedAsWhole)"
        case .toggle: "on or off"
        }
    }

    package func check(_ name: String) throws(SettingsError) {
        guard case .name = self.kind else { preconditionFailure("\(self.key) is no name") }
        guard (1...Self.longestName).contains(name.utf8.count) else { throw .wrong(self, name, self.expectation) }
    }

    package func check(_ number: Int) throws(SettingsError) {
        guard case .number(let range) = self.kind else { preconditionFailure("\(self.key) is no number") }
        guard range.contains(number) else { throw .wrong(self, String(number), self.expectation) }
    }

    package func check(_ duration: Duration) throws(SettingsError) {
        guard case .seconds(let range) = self.kind else { preconditionFailure("\(self.key) is no duration") }
        guard range.contains(duration / .seconds(1)) else { throw .wrong(self, "\(duration)", self.expectation) }
    }

    /// Endpoints without regions, each once.
    package func check(_ endpoints: [String]) throws(SettingsError) {
        for endpoint in endpoints where !["tcp://", "ipc://", "inproc://"].contains(where: { endpoint.hasPrefix($0) }) {
            throw .wrong(self, endpoint, self.expectation)
        }
        if let twice = Self.firstRepeated(endpoints) {
            throw SettingsError("\(self.name) names '\(twice)' twice: name it once")
        }
    }

    /// Reads a list of brokers, in which each may stand once.
    package static func brokerAddresses(_ texts: [String]) throws(SettingsError) -> [BrokerAddress] {
        var addresses: [BrokerAddress] = []
        for text in texts {
            do {
                addresses.append(try BrokerAddress(parsing: text))
            } catch {
                throw SettingsError("\(Setting.brokers.name): \(error.description)")
            }
        }
        if let twice = Self.firstRepeated(addresses.map(\.description)) {
            throw SettingsError("\(Setting.brokers.name) names '\(twice)' twice: name it once")
        }
        return addresses
    }

    private static func firstRepeated(_ values: [String]) -> String? {
        var seen: Set<String> = []
        return values.first { !seen.insert($0).inserted }
    }
}

extension Double {
    /// Without `.0` where there is no fraction.
    fileprivate var formattedAsWhole: String {
        self == self.rounded() && abs(self) < 1e15 ? String(Int(self)) : String(self)
    }
}
