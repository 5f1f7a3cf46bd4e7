internal import WherryCore

/// A handle to an open transaction: statements run in it until its scope ends.
///
/// Several tasks may use it at once; their statements run in the order in which they come. It is begun, committed and rolled back for you:
/// statements that would do so are refused unsent. To roll back, throw.
public struct Transaction: PostgresSession {
    /// Tells transactions on one connection apart.
    struct ID: Hashable, Sendable {
        let number: UInt64
    }

    private let connection: PostgresConnection
    private let id: ID

    /// The savepoints that the current task is in, innermost first.
    @TaskLocal private static var savepoint: Savepoint?

    private final class Savepoint: Sendable {
        let transaction: ID
        let connection: PostgresConnection
        let scope: TransactionMachine.Scope
        let outer: Savepoint?

        init(of transaction: Transaction, scope: TransactionMachine.Scope, outer: Savepoint?) {
            self.transaction = transaction.id
            self.connection = transaction.connection
            self.scope = scope
            self.outer = outer
        }
    }

    /// Makes a handle to the transaction that was begun on a connection. The one before it must have ended.
    ///
    /// - Parameter watch: what the connection does for it until the handle ends.
    package init(connection: PostgresConnection, watch: TransactionWatch? = nil) async {
        self.connection = connection
        self.id = await connection.openTransaction(watch)
    }

    /// Runs a statement.
    ///
    /// - Throws: what the server says; ``PostgresError/Code/transactionControl`` for a statement that would leave or weaken the transaction;
    ///   ``PostgresError/Code/transactionEnded`` after the scope.
    public func perform(_ statement: SQL) async throws(PostgresError) -> QueryResult {
        try StatementFilter.checkKeepsTransaction(statement)
        return try await self.connection.perform(statement, in: self.id, scope: self.scope)
    }

    /// Runs a closure behind a savepoint: if it throws, what it did is rolled back, and the transaction is good again.
    ///
    /// Until it ends, statements of other tasks wait. So a closure must not wait for a task that uses this transaction and is not its child:
    /// the two would wait for each other.
    ///
    /// - Throws: what the closure throws; if it swallowed an error of PostgreSQL's, that one: the savepoint could not be kept.
    public func withSavepoint<Value>(_ body: () async throws -> Value) async throws -> Value {
        let outer = Self.savepoint
        let scope = try await self.connection.openSavepoint(in: self.id, scope: self.scope)
        let value: Value
        do {
            value = try await Self.$savepoint.withValue(Savepoint(of: self, scope: scope, outer: outer)) { try await body() }
        } catch {
            await self.connection.rollBack(to: scope, in: self.id)
            throw error
        }
        try await self.connection.release(scope, in: self.id)
        return value
    }

    /// The innermost savepoint of this transaction that the current task is in.
    private var scope: TransactionMachine.Scope {
        var savepoint = Self.savepoint
        while let candidate = savepoint {
            if candidate.transaction == self.id, candidate.connection === self.connection { return candidate.scope }
            savepoint = candidate.outer
        }
        return .transaction
    }

    // MARK: For whoever runs the transaction

    /// The first failure that the connection saw in this transaction and no savepoint undid, whether or not anybody was told (correctness.md,
    /// rule 23).
    package var firstFailure: PostgresError? {
        get async { await self.connection.firstFailure(of: self.id) }
    }

    /// Ends the scope: from now on the handle throws ``PostgresError/Code/transactionEnded``. Idempotent.
    ///
    /// - Returns: ``firstFailure``.
    @discardableResult
    package func end() async -> PostgresError? {
        await self.connection.endTransaction(self.id)
    }
}
