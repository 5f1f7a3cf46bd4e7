internal import WherryCore

/// What must hold for any text at all.
enum TextOracle {
    static func check(_ text: String) {
        if let token = CausalToken(text) {
            // Compared as bytes: text that only looks the same is another one.
            precondition(Array(token.description.utf8) == Array(text.utf8), "a token has two texts")
            precondition(text.utf8.count <= CausalToken.maximumLength, "a token is longer than the longest")
            precondition(token.merged(with: token) == token, "a token is not itself")
        }
        if let address = try? BrokerAddress(parsing: text) {
            precondition((try? BrokerAddress(parsing: address.description)) == address, "an address is another one once it is written")
            if address.hostName != nil {
                precondition((try? BrokerAddress(parsing: address.endpoint(at: "::1")))?.hostName == nil, "an IPv6 address is looked up")
                precondition((try? BrokerAddress(parsing: address.endpoint(at: "10.0.0.1"))) != nil, "an address of digits is none")
            }
        }
    }
}
