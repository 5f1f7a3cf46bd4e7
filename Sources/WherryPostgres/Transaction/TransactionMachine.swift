internal import DequeModule

/// Who may use a transaction, and the first failure in it. A pure value.
///
/// Statements may come from several tasks at once and go out as they come. A savepoint's scope has the transaction to itself: whoever is
/// outside of it waits until it has ended, in order, so that a rollback to the savepoint undoes nothing of theirs.
///
/// ```
/// open ──end──▶ ended        (an ended transaction refuses everything, and wakes whoever still waits)
/// ```
struct TransactionMachine {
    /// A scope: the transaction itself, or a savepoint.
    struct Scope: Hashable, Sendable {
        let number: Int
        static let transaction = Scope(number: 0)
    }

    /// Where a statement came from: kept with it until its answer comes.
    struct Origin: Hashable, Sendable {
        var transaction: Transaction.ID
        /// How many savepoints were open.
        var depth: Int
    }

    /// What a caller wants to do.
    enum Request: Hashable {
        case statement
        case savepoint
    }

    /// What comes of a request.
    enum Decision: Hashable {
        /// Go on, at that depth.
        case proceed(depth: Int, scope: Scope)
        case wait
        case refuse
    }

    private struct Waiter {
        var id: Int
        var scope: Scope
    }

    private(set) var isEnded = false
    /// The first failure that no savepoint has undone.
    private(set) var firstFailure: PostgresError?
    private var failureDepth = 0
    /// The open savepoints, innermost last.
    private var savepoints: [Scope] = []
    /// The outermost of them that is being ended: neither it nor those inside of it take any more statements.
    private var ending: Int?
    private var lastScope = 0
    private var waiters = Deque<Waiter>()

    private var active: Scope {
        self.savepoints.last ?? .transaction
    }

    /// A caller wants to use the transaction.
    ///
    /// - Parameter scope: the innermost savepoint that the caller is in.
    mutating func request(_ request: Request, from scope: Scope, waiter: Int) -> Decision {
        guard !self.isEnded else { return .refuse }
        if scope != .transaction {
            guard let depth = self.savepoints.firstIndex(of: scope), depth < self.ending ?? .max else { return .refuse }
        }
        if scope == self.active { return self.grant(request) }
        self.waiters.append(Waiter(id: waiter, scope: scope))
        return .wait
    }

    /// A waiter has been cancelled.
    mutating func cancel(waiter: Int) {
        self.waiters.removeAll { $0.id == waiter }
    }

    /// A savepoint's closure has ended: no statement of its own comes any more, nor of savepoints inside of it whose tasks outlived it.
    ///
    /// - Returns: whether to end it on the server. Not if it is gone already, with the transaction or with a savepoint around it.
    mutating func beginEnding(_ scope: Scope) -> Bool {
        guard !self.isEnded, let depth = self.savepoints.firstIndex(of: scope), depth <= self.ending ?? .max else { return false }
        self.ending = depth
        return true
    }

    /// A savepoint is gone, and those inside of it.
    ///
    /// - Parameter isUndone: whether all since it was rolled back, failures included.
    /// - Returns: who waited for that, in order: they ask again.
    mutating func ended(_ scope: Scope, isUndone: Bool) -> [Int] {
        guard let depth = self.savepoints.firstIndex(of: scope) else { return [] }
        if isUndone, self.failureDepth > depth { self.firstFailure = nil }
        self.savepoints.removeSubrange(depth...)
        if let ending = self.ending, ending >= depth { self.ending = nil }
        // Those of a scope that is still around the innermost one go on waiting; the others have their turn, or are gone with their scope.
        let outer = ([.transaction] + self.savepoints).dropLast()
        defer { self.waiters.removeAll { !outer.contains($0.scope) } }
        return self.waiters.filter { !outer.contains($0.scope) }.map(\.id)
    }

    /// Whether something failed in a savepoint that was not undone yet.
    func failure(in scope: Scope) -> PostgresError? {
        guard let depth = self.savepoints.firstIndex(of: scope), self.failureDepth > depth else { return nil }
        return self.firstFailure
    }

    /// A statement failed.
    mutating func failed(_ error: PostgresError, depth: Int) {
        guard self.firstFailure == nil else { return }
        self.firstFailure = error
        self.failureDepth = depth
    }

    /// The transaction's scope has ended. A savepoint that is still open then is a failure: nobody can say any more whether it was to be undone.
    ///
    /// - Returns: who waited for a turn: they ask again, and are refused.
    mutating func end() -> [Int] {
        if !self.isEnded, !self.savepoints.isEmpty { self.failed(Self.endedInSavepoint, depth: 0) }
        self.isEnded = true
        defer { self.waiters.removeAll() }
        return self.waiters.map(\.id)
    }

    private static let endedInSavepoint = PostgresError(
        .transactionEnded,
        "the transaction's scope ended while a savepoint in it was open",
        hint: "Wait for every task that uses the transaction before you return."
    )

    private mutating func grant(_ request: Request) -> Decision {
        if request == .savepoint {
            self.lastScope += 1
            self.savepoints.append(Scope(number: self.lastScope))
        }
        return .proceed(depth: self.savepoints.count, scope: self.active)
    }
}
