/// How long each leg of a job's way took. A leg that did not happen, or was not reported, is `nil`.
///
/// Each is measured by the clock of whoever held the job, so that they add up without comparing clocks.
public struct JobTimings: Hashable, Sendable {
    /// In the client, from submission until the job was given to a broker.
    public var waiting: Duration?
    /// To the broker and worker and back: what remains of the round trip when queue and worker are taken off.
    public var network: Duration?
    /// In the broker's queue.
    public var brokerQueue: Duration?
    /// In the worker, from arrival to reply, the following four included.
    public var worker: Duration?
    /// In the worker, until it had a database connection.
    public var workerLease: Duration?
    /// Beginning the transaction: lock and look-up.
    public var begin: Duration?
    /// The handler.
    public var handler: Duration?
    /// Receipt, `COMMIT` and the flush position.
    public var commit: Duration?
    /// From the reply until the local replica showed the write.
    public var replayWait: Duration?
    /// From submission to the end.
    public var total: Duration?

    package init() {}
}
