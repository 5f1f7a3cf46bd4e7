package import WherryWire

extension BrokerMachine {
    /// What a shell is to do.
    package enum Action: Hashable, Sendable {
        /// Send it, or call `peerUnreachable`.
        case send(Message, to: PeerID)
        /// For the log.
        case note(Note)
    }
}
