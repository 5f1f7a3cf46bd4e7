/// What a session is in, by the server's last word.
package enum TransactionStatus: Hashable, Sendable {
    /// No transaction.
    case idle
    /// Statements are under way.
    case active
    /// In a transaction block.
    case inTransaction
    /// In a transaction block that failed: the server takes nothing but a rollback.
    case failed
    /// The connection is broken.
    case unknown
}
