import WherryCore
import WherryWire

extension WorkerMachine {
    /// What the machine knows of its database.
    struct PrimaryWatch: Sendable {
        enum State: Hashable, Sendable {
            /// Not looked at yet. Can transition to: all others.
            case unknown
            /// A primary, of the newest epoch that workers speak of. Can transition to: `stale`, `unavailable`.
            case serving(PrimaryStatus)
            /// A primary that another one has taken over from: region jobs only. Can transition to: `serving`, `unavailable`.
            case stale(PrimaryStatus)
            /// A standby, which is enough for region jobs. Can transition to: all others.
            case standby
            /// Down; or a standby, and this worker has write jobs only. Can transition to: all others.
            case unavailable
        }

        var state = State.unknown
        /// It was found to be of use once. Before that, what is wrong with it is the configuration's fault and ends the worker.
        var wasUsable = false
        /// It was found to be a primary once.
        var wasPrimary = false
        /// When `state` was found: the primary's clock has gone on since.
        var foundAt = MonotonicInstant.zero
        /// The newest epoch that any worker announced, by way of a broker.
        var newestAnnounced: Epoch?
        /// A fork that was complained of already.
        var reportedFork: Epoch?
        var isChecking = false
        /// Look again as soon as the look under way has ended: something was learned since it began.
        var mustCheckAgain = false
        var nextCheck: MonotonicInstant?
        var retryDelay = Duration.zero
    }
}
