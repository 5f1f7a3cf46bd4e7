public import WherryPostgres

/// How one job's handler runs: its transaction's isolation and its limits.
public struct HandlerOptions: Sendable, Hashable {
    /// The isolation level of the job's transaction. Default: PostgreSQL's, `READ COMMITTED`.
    ///
    /// Under `REPEATABLE READ` and `SERIALIZABLE` a conflict (40001) runs the job again, a bounded number of times.
    public var isolation: IsolationLevel

    /// How long the handler may run, from its start to its return. Default: 30 s.
    ///
    /// Then its statement is cancelled, its task is cancelled, its transaction is rolled back and the job has *failed* (`timed-out`). It is
    /// the transaction's `statement_timeout` too.
    public var timeout: Duration

    /// How long one statement may wait for a lock: the transaction's `lock_timeout`. Default: 5 s.
    ///
    /// When it is over the job runs again, a bounded number of times (correctness.md, rule 23).
    public var lockTimeout: Duration

    /// How long the transaction outlives a worker that froze: its `idle_in_transaction_session_timeout`. Default: 2.5 s.
    ///
    /// It frees the locks of a worker whose process was stopped (correctness.md, rule 25), so it is best below the brokers' liveness (3 s). It
    /// is no limit for a handler that computes or waits between two statements: the worker keeps such a handler's transaction awake, up to
    /// ``timeout``.
    public var idleTimeout: Duration

    /// Options that differ from the defaults where said.
    ///
    /// - Parameters:
    ///   - isolation: see ``isolation``.
    ///   - timeout: see ``timeout``; at least 1 ms.
    ///   - lockTimeout: see ``lockTimeout``; at least 1 ms.
    ///   - idleTimeout: see ``idleTimeout``; at least 1 ms.
    public init(
        isolation: IsolationLevel = .readCommitted,
        timeout: Duration = .seconds(30),
        lockTimeout: Duration = .seconds(5),
        idleTimeout: Duration = .milliseconds(2500)
    ) {
        let least = Duration.milliseconds(1)
        precondition(timeout >= least && lockTimeout >= least && idleTimeout >= least, "a handler's limits must be at least 1 ms")
        self.isolation = isolation
        self.timeout = timeout
        self.lockTimeout = lockTimeout
        self.idleTimeout = idleTimeout
    }
}
