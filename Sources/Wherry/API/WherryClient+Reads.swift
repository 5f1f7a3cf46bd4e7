public import WherryCore
import WherryEventLoop
public import WherryJobs
public import WherryPostgres

extension WherryClient {
    /// Reads from the local server, in a transaction that the server keeps read-only.
    ///
    /// With the default consistency it sees at least every job of this process whose output was seen here. A read that PostgreSQL interrupts (a
    /// recovery conflict, a restart) is begun anew, so `body` may run up to three times: leave what it does outside of the database for later.
    ///
    /// - Parameters:
    ///   - consistency: what it must see at least; by default ``ReadConsistency/session``, and the client is the session.
    ///   - isolation: `repeatableRead` for several statements that see one state; by default each sees what is there when it begins.
    ///   - deadline: how long it may take until `body` begins, that is until the local server shows what it must;
    ///     ``Configuration/deadline`` by default. `body` itself may take its time.
    ///   - body: runs statements; what it returns is returned.
    /// - Throws: ``JobError``: `readOnly` for what a read cannot do, such as a write; `replicaUnavailable` if the local server does not get there in
    ///   time, or cannot be reached; `primaryUnavailable` if the primary had to be asked and did not answer; `forkedHistory` and
    ///   `implausibleToken` for tokens to be dropped; `clientClosed`. Otherwise `PostgresError`, what the closure throws, `CancellationError`.
    public func read<Result>(
        _ consistency: ReadConsistency = .session,
        isolation: IsolationLevel = .readCommitted,
        deadline: Duration? = nil,
        _ body: (Transaction) async throws -> Result
    ) async throws -> Result {
        try self.requireDatabase()
        // The client's token is what was written and seen here. What its reads saw is not added: they all go to this one server.
        let wish = LocalReads.Wish(
            consistency: consistency, isolation: isolation, limit: deadline ?? self.configuration.deadline, record: self.record,
            isTracked: false)
        return try await self.reads.run(wish, body)
    }

    /// All that this process's jobs wrote, as far as it has been seen here: what a read with ``ReadConsistency/session`` sees at least. `nil` before
    /// the first.
    ///
    /// A job counts once its output was there; one that committed and is not visible here yet does not, so that it slows nobody's reads.
    public var token: CausalToken? { self.record.token }

    /// Makes a session: what one web request, or one user, writes and sees.
    ///
    /// - Parameter token: what it has written and seen so far, elsewhere; `nil` for a new one.
    public func session(token: CausalToken? = nil) -> Session {
        Session(client: self, token: token)
    }

    /// Makes a session of what somebody outside brought along: a cookie, a header, a parameter.
    ///
    /// Text that is no token, a token of another database or of a fork of it, and a position that the primary knows nothing of are dropped: the
    /// session then begins anew. A token that cannot be judged now, since the primary cannot be reached, is kept: reads say so.
    ///
    /// - Parameters:
    ///   - text: a token's text form, or anything else.
    ///   - limit: how long it may take to ask the primary, for a token far beyond what is known here; by default 2 s.
    public func session(restoring text: String?, within limit: Duration = .seconds(2)) async -> Session {
        guard let text, let token = CausalToken(text) else { return self.session() }
        return self.session(token: await self.reads.isHopeless(token, until: EventLoop.now + limit) ? nil : token)
    }

    /// Waits until the local server shows all that a token stands for: for reads by other means, such as PostgresNIO or Fluent.
    ///
    /// Read afterwards, in a statement or transaction begun afterwards, from the server of ``Configuration/database``: another one may be behind.
    ///
    /// - Parameters:
    ///   - token: what to wait for.
    ///   - limit: how long; by default 30 s.
    /// - Throws: ``JobError`` as ``read(_:isolation:deadline:_:)``; `cancelled` if the task is.
    public func waitUntilVisible(_ token: CausalToken, within limit: Duration = .seconds(30)) async throws(JobError) {
        try self.requireDatabase()
        try await self.reads.waitUntilVisible(token, until: EventLoop.now + limit)
    }
}
