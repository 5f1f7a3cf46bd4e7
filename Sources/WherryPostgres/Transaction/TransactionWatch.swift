package import WherryCore

/// What a connection does by itself for the time of a transaction's handle, on the event loop and so whatever the handler is at.
///
/// It keeps a transaction awake whose handler computes: the server ends one that stands idle for longer than
/// `idle_in_transaction_session_timeout`, so that the locks of a frozen process go away (correctness.md, rule 25). A process that is frozen
/// cannot do this; one that merely thinks can. And it says when the time is over, after which it keeps nothing awake any more.
package struct TransactionWatch: Sendable {
    /// How often an idle transaction is touched: well below its idle timeout.
    package var interval: Duration
    /// When the time is over.
    package var limit: MonotonicInstant
    /// Called on the loop at that time, if the handle is still in use.
    package var onLimit: @Sendable () -> Void

    package init(interval: Duration, limit: MonotonicInstant, onLimit: @escaping @Sendable () -> Void) {
        precondition(interval > .zero, "a transaction cannot be touched all the time")
        self.interval = interval
        self.limit = limit
        self.onLimit = onLimit
    }
}
