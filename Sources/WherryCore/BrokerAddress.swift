/// Where a broker is, as a configuration says it: `tcp://broker.example:7400`, or `lax=tcp://broker.lax.example:7400` for one that stands in
/// another region than the primary's.
package struct BrokerAddress: Hashable, Sendable {
    /// The region that it stands in; `nil` if the configuration does not say, which means the primary's.
    package var region: String?
    /// A ZeroMQ endpoint. In a `tcp` one the host may be a name, which then stands for all of its addresses.
    package var endpoint: String

    package init(region: String? = nil, endpoint: String) {
        self.region = region
        self.endpoint = endpoint
    }

    /// Why a text is no broker's address, and what it should be.
    package struct Malformed: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// Reads one entry of a configuration.
    ///
    /// - Throws: what is wrong with it, in a sentence.
    package init(parsing text: String) throws(Malformed) {
        // What stands before the scheme; an endpoint may contain a `=` itself, further on.
        let scheme = text.firstIndex(of: ":") ?? text.endIndex
        if let equals = text[..<scheme].firstIndex(of: "=") {
            let region = String(text[..<equals])
            guard (1...200).contains(region.utf8.count) else {
                throw Malformed(description: "the region before the '=' of the broker '\(text)' must have 1 to 200 bytes")
            }
            self.init(region: region, endpoint: String(text[text.index(after: equals)...]))
        } else {
            self.init(endpoint: text)
        }
        guard ["tcp://", "ipc://", "inproc://"].contains(where: { self.endpoint.hasPrefix($0) }) else {
            throw Malformed(description: "the broker endpoint '\(self.endpoint)' must begin with tcp://, ipc:// or inproc://")
        }
        if self.endpoint.hasPrefix("tcp://"), self.hostAndPort == nil {
            throw Malformed(
                description:
                    "the broker endpoint '\(self.endpoint)' must end with a host and a port from 1 to 65535, as in tcp://broker:7400"
            )
        }
    }

    /// The host name, if the endpoint has one that must be looked up: no IP address, and not of another transport.
    package var hostName: String? {
        guard let (host, _) = self.hostAndPort, !host.hasPrefix("["), !Self.isIPv4Address(host), !host.contains(";") else { return nil }
        return host
    }

    /// The endpoint with an address in the place of its host name.
    ///
    /// - Parameter address: an IPv4 or IPv6 address in digits, without brackets.
    package func endpoint(at address: String) -> String {
        guard let (_, port) = self.hostAndPort else { return self.endpoint }
        return address.contains(":") ? "tcp://[\(address)]:\(port)" : "tcp://\(address):\(port)"
    }

    private var hostAndPort: (host: String, port: String)? {
        guard self.endpoint.hasPrefix("tcp://") else { return nil }
        let rest = self.endpoint.dropFirst("tcp://".count)
        guard let colon = rest.lastIndex(of: ":") else { return nil }
        let (host, port) = (rest[..<colon], rest[rest.index(after: colon)...])
        guard !host.isEmpty, !host.contains(":") || host.hasPrefix("["), let number = UInt16(port), number > 0 else { return nil }
        return (String(host), String(port))
    }

    private static func isIPv4Address(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension BrokerAddress: CustomStringConvertible {
    /// As in a configuration.
    package var description: String {
        self.region.map { "\($0)=\(self.endpoint)" } ?? self.endpoint
    }
}
