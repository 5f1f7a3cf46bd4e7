package import WherryCore
package import WherryPostgres

/// What a job attempt sends to the database in one go, by its meaning. `JobFlight+SQL.swift` says it in SQL; a simulation can act it out.
package enum JobFlight: Sendable, Hashable {
    /// Begin the job's transaction: isolation, settings, epoch, the guard on the id's age, and a try at the id's advisory lock. With `lookUp`
    /// the receipt is looked up before it, in a statement of its own. A job with a key tries the key's lock instead, and looks the key up.
    case open(lookUp: Bool)
    /// Role and settings restored, the receipt inserted, and its claim to a key, COMMIT; then the flushed position. `synchronousCommit` is what
    /// ``Opened/synchronousCommit`` was.
    case commit(Receipt, synchronousCommit: String)
    /// A receipt in a transaction of its own: epoch, plain insert, its claim to a key, COMMIT; then the flushed position.
    case store(Receipt, afterRollback: Bool)
    /// Look the receipt up, and who has the key, on this epoch; then the flushed position. With `endTwin`, a backend that has held the id's lock for longer than the
    /// job's limit is terminated.
    case lookUp(afterRollback: Bool, endTwin: Bool)
    /// End the transaction, so that the connection can be given back.
    case rollBack

    /// A step of a flight: where something went wrong.
    package enum Step: Sendable, Hashable {
        case rollBack
        case lookUp
        /// Whether the key is taken, and by whom.
        case keyLookUp
        /// BEGIN.
        case begin
        /// Settings, epoch, guard, lock.
        case open
        /// Whatever the handler sends.
        case handler
        /// Role and settings, after the handler.
        case restore
        /// The insert of the receipt.
        case receipt
        /// The insert of the key that the job takes.
        case key
        case commit
        /// The flushed position.
        case position
        /// The termination of a twin that holds the lock for too long.
        case endTwin
    }

    /// How `open` went.
    package struct Opened: Sendable, Hashable {
        /// The look-up found a receipt, or that the key is taken; whatever else happened does not matter.
        package var hasReceipt: Bool
        /// The advisory lock was free.
        package var locked: Bool
        /// The setting that the transaction was given, for `commit` to restore.
        package var synchronousCommit: String

        package init(hasReceipt: Bool, locked: Bool, synchronousCommit: String) {
            self.hasReceipt = hasReceipt
            self.locked = locked
            self.synchronousCommit = synchronousCommit
        }
    }

    /// How a flight went.
    package enum Outcome: Sendable {
        case opened(Opened)
        /// The receipt is stored: COMMIT said so. The position is missing if the connection died after COMMIT.
        case stored(LSN?)
        /// What a look-up found, and a position flushed after it.
        case lookedUp(Receipt?, LSN)
        /// The job has no receipt, and its key is another one's; and a position flushed after that was read.
        case keyTaken(KeyHolder, LSN)
        case rolledBack
        /// COMMIT answered `ROLLBACK`.
        case notCommitted
        /// The first step that failed, or whose answer was lost with the connection.
        case failed(Step, PostgresError)
    }
}
