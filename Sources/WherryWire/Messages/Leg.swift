/// A leg of a job's way whose duration its holder measured by its own clock.
package enum Leg: String, Hashable, Sendable, CaseIterable {
    /// In the broker, from arrival to dispatch.
    case brokerQueue = "broker-queue"
    /// In the worker, until it had a connection.
    case workerLease = "worker-lease"
    /// BEGIN, lock and look-up.
    case begin
    /// The handler.
    case handler
    /// Receipt, COMMIT and the flush position.
    case commit
    /// From arrival at the worker to its reply, all of the above included.
    case worker
}
