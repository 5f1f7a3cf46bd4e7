public import WherryCore
public import WherryPostgres

/// What one user, or one web request, writes and sees: its reads see at least all of its writes and all that it saw before, on any node.
///
/// ```swift
/// let session = client.session(token: tokenFromCookie)
/// try await session.call(SignGuestbook(text: text))
/// let entries = try await session.read { db in try await db.query("SELECT …", as: Entry.self) }
/// cookie = session.token?.description
/// ```
///
/// Making one costs nothing, and there is nothing to close. Several tasks may use it at once. What it promises is a monotone prefix: each of its
/// reads sees a state of the database that is no older than what it wrote or saw before, not one global order of everybody's reads
/// (correctness.md, rule 21). After an asynchronous failover that lost commits, reads on different nodes may disagree about those until the first
/// worker has found the new primary (`docs/guarantees.md`).
public final class Session: Sendable {
    let client: WherryClient
    let record: SessionRecord

    init(client: WherryClient, token: CausalToken?) {
        self.client = client
        self.record = SessionRecord(token)
    }

    /// All that this session wrote or saw: give it to the next request of the same user, wherever that is served. `nil` if it was made without one and
    /// has done nothing yet.
    ///
    /// It holds where the session's jobs committed, visible here or not, where receipts of failed ones stand, and what its reads saw.
    public var token: CausalToken? { self.record.token }

    /// Adds what somebody else wrote or saw, so that this session sees it too: for example a token that came with a message.
    ///
    /// A token of a fork, or of another database, is not added.
    public func merge(_ token: CausalToken) {
        self.record.note(token)
    }

    /// Reads from the local server, as ``WherryClient/read(_:isolation:deadline:_:)`` does; by default it sees at least all that this session wrote or
    /// saw. What it saw goes into ``token``, at any level of consistency.
    ///
    /// - Parameters:
    ///   - consistency: what it must see at least; by default ``ReadConsistency/session``.
    ///   - isolation: `repeatableRead` for several statements that see one state.
    ///   - deadline: how long it may take until `body` begins; the client's default deadline by default.
    ///   - body: runs statements; what it returns is returned. It may run up to three times, if PostgreSQL interrupts it.
    /// - Throws: as the client's.
    public func read<Result>(
        _ consistency: ReadConsistency = .session,
        isolation: IsolationLevel = .readCommitted,
        deadline: Duration? = nil,
        _ body: (Transaction) async throws -> Result
    ) async throws -> Result {
        try self.client.requireDatabase()
        let wish = LocalReads.Wish(
            consistency: consistency, isolation: isolation, limit: deadline ?? self.client.configuration.deadline, record: self.record,
            isTracked: true)
        return try await self.client.reads.run(wish, body)
    }
}
