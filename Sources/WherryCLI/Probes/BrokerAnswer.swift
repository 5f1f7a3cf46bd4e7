import WherryWire

/// What a broker said to somebody who came by.
struct BrokerAnswer: Hashable, Sendable {
    /// Where it was asked.
    var endpoint: String
    /// From HELLO to WELCOME, on a connection that stood already.
    var roundTrip: Duration?
    /// Its answer to HELLO.
    var welcome: Welcome?
    /// Its answer to STATUS_REQUEST.
    var status: BrokerStatus?
    /// Why there is no answer, or not all of it.
    var failure: String?

    init(endpoint: String, roundTrip: Duration? = nil, welcome: Welcome? = nil, status: BrokerStatus? = nil, failure: String? = nil) {
        self.endpoint = endpoint
        self.roundTrip = roundTrip
        self.welcome = welcome
        self.status = status
        self.failure = failure
    }
}
