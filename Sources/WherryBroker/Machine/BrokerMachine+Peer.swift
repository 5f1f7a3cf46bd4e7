internal import WherryCore

extension BrokerMachine {
    /// Somebody who said HELLO.
    struct Peer: Sendable {
        /// What stays the same when a peer comes back on a new connection.
        struct Incarnation: Hashable, Sendable {
            var isWorker: Bool
            var bytes: [UInt8]
        }

        var id: PeerID
        var incarnation: Incarnation
        /// Where it stands, by its last HELLO.
        var region = ""
        var lastHeard: MonotonicInstant
        var lastSent: MonotonicInstant
        /// Its misbehaviour was noted.
        var isNoted = false
    }
}
