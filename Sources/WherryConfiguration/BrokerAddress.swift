/// Where a broker is: an endpoint, and the region that it stands in if it is not the primary's.
///
/// Written `tcp://broker.syd.example:7400` or `lax=tcp://broker.lax.example:7400`.
package struct BrokerAddress: Hashable, Sendable {
    /// `nil` for the primary's.
    package var region: String?
    package var endpoint: String

    package init(region: String? = nil, endpoint: String) {
        self.region = region
        self.endpoint = endpoint
    }

    /// Reads one as it is written in a configuration.
    package init(parsing text: String) throws(SettingsError) {
        // An endpoint may hold a = itself (ipc:///run/a=b), so a region ends before the scheme.
        let scheme = text.firstRange(of: "://")?.lowerBound ?? text.endIndex
        if let separator = text[..<scheme].firstIndex(of: "=") {
            self.init(region: String(text[..<separator]), endpoint: String(text[text.index(after: separator)...]))
            guard let region, (1...200).contains(region.utf8.count) else {
                throw .wrong(.brokers, text, "an endpoint, or a region, = and an endpoint")
            }
        } else {
            self.init(endpoint: text)
        }
        guard Self.isEndpoint(self.endpoint) else { throw .wrong(.brokers, text, Setting.brokers.expectation) }
    }

    /// Reads a list, in which each broker may stand once.
    package static func parse(_ texts: [String]) throws(SettingsError) -> [BrokerAddress] {
        var addresses: [BrokerAddress] = []
        for text in texts { addresses.append(try BrokerAddress(parsing: text)) }
        if let twice = Setting.firstRepeated(addresses.map(\.endpoint)) {
            throw SettingsError("\(Setting.brokers.name) names '\(twice)' twice: name it once")
        }
        return addresses
    }

    static func isEndpoint(_ text: String) -> Bool {
        ["tcp://", "ipc://", "inproc://"].contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count }
    }
}
