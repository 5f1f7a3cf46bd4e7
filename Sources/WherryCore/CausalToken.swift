/// Proof of what somebody has seen or written: wait for it, and reads afterwards see at least that.
public struct CausalToken: Hashable, Sendable, Codable {
    /// The history that the position belongs to.
    public var epoch: Epoch
    /// A position that is flushed on the primary of that history.
    public var lsn: LSN

    /// Makes a token from an epoch and a position in it.
    public init(epoch: Epoch, lsn: LSN) {
        self.epoch = epoch
        self.lsn = lsn
    }

    /// The later of two tokens: by epoch, then by LSN.
    ///
    /// - Returns: `nil` if neither is later: the two belong to forks of one timeline or to different clusters.
    public func merged(with other: CausalToken) -> CausalToken? {
        switch self.epoch.relation(to: other.epoch) {
        case .same: self.lsn >= other.lsn ? self : other
        case .newer: self
        case .older: other
        case .fork, .otherSystem: nil
        }
    }
}
