package import WherryCore
package import WherryJobs

/// What one poll of the local server saw. The order in which its parts were read is what makes it proof (correctness.md, rules 7 and 11):
/// first `state`, then `epoch` by a later statement, then `receipts`, then `positionAfter`.
package struct ReplayObservation: Hashable, Sendable {
    /// One row, read in one statement: half of it alone would mislead.
    package struct State: Hashable, Sendable {
        package var isInRecovery: Bool
        /// Replayed on a standby, flushed on a primary; `nil` on a standby that has replayed nothing yet.
        package var position: LSN?
        /// On a primary: the timeline that it writes.
        package var timeline: UInt32?
        /// `pg_postmaster_start_time()` in microseconds since 1970.
        package var startTime: Int64
        /// The address that the server sees itself reached by.
        package var address: String
        /// Replay is paused, or will be as soon as the startup process notices.
        package var isPaused: Bool
        /// A WAL receiver is connected.
        package var hasReceiver: Bool

        package init(
            isInRecovery: Bool,
            position: LSN?,
            timeline: UInt32? = nil,
            startTime: Int64,
            address: String = "",
            isPaused: Bool = false,
            hasReceiver: Bool = true
        ) {
            self.isInRecovery = isInRecovery
            self.position = position
            self.timeline = timeline
            self.startTime = startTime
            self.address = address
            self.isPaused = isPaused
            self.hasReceiver = hasReceiver
        }
    }

    package var state: State
    /// The newest epoch of this server's system; `nil` if no row, or not even the table, has been replayed yet.
    package var epoch: Epoch?
    /// The receipts found, of those that were asked for; `nil` if that statement failed for a passing reason, so that nothing is known.
    package var receipts: [JobID: Receipt]?
    /// The position asked after the receipts: what they, and reads before it, have seen at most.
    package var positionAfter: LSN?
    /// The role lacks a privilege that no waiting will give it.
    package var denied: String?

    package init(
        state: State,
        epoch: Epoch?,
        receipts: [JobID: Receipt]? = [:],
        positionAfter: LSN? = nil,
        denied: String? = nil
    ) {
        self.state = state
        self.epoch = epoch
        self.receipts = receipts
        self.positionAfter = positionAfter
        self.denied = denied
    }
}
