package import WherryCore
import WherryJobs
package import WherryPostgres

/// How a read's transaction ends, and how it becomes known what it saw.
package enum ReadEnding {
    package static let plain = Flight("COMMIT")

    /// What a read saw is the position asked after its last statement, in its transaction, hence of the same server (rule 9); then the epoch, by a
    /// later statement with a snapshot of its own (rule 11).
    package static let tracked = Flight([[ReplayPoll.position], ["COMMIT"], [EpochStore.newest]])

    /// What a tracked read saw; `nil` where nobody has written an epoch yet, or the role may not see it: then nobody could wait for it either.
    package static func seen(_ outcomes: [[StatementOutcome]]) -> CausalToken? {
        guard let position = try? outcomes[0][0].result?.rows.scalar(as: LSN?.self),
            let epoch = try? outcomes[2][0].result?.rows.first.map(EpochStore.decode)
        else { return nil }
        return CausalToken(epoch: epoch, lsn: position)
    }
}
