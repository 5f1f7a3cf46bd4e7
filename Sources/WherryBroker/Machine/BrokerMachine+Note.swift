package import WherryCore

extension BrokerMachine {
    /// What happened that somebody who runs a broker wants to know.
    package enum Note: Hashable, Sendable {
        case clientJoined(PeerID, region: String)
        case workerJoined(PeerID, region: String, offers: Int)
        /// Its jobs, so many, went to others.
        case workerLost(PeerID, Farewell, redelivered: Int)
        case clientLost(PeerID, Farewell)
        /// It sends what makes no sense or what its role may not send. Noted once per peer.
        case misbehaving(PeerID, String)
        /// It reports an older primary than others do, so it gets no jobs.
        case staleWorker(PeerID, reported: Epoch, newest: Epoch)
        /// It reports a primary that has nothing to do with the one that others report, so it gets no jobs: somebody's configuration is wrong.
        case strangeWorker(PeerID, reported: Epoch, newest: Epoch)
        /// This process did nothing for so long that it starts all liveness anew.
        case thawed(after: Duration)
    }

    /// Why a peer is gone.
    package enum Farewell: String, Hashable, Sendable {
        /// It said so.
        case left
        /// It was silent for too long.
        case silent
        /// What was sent to it could not be delivered.
        case unreachable
        /// Another process speaks on its connection now.
        case replaced
    }
}
