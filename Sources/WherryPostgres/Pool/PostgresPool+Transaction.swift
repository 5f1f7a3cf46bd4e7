package import WherryCore

extension PostgresPool {
    /// Runs a closure in a transaction: committed when it returns, rolled back when it throws.
    ///
    /// - Throws: what the closure throws; ``PostgresError/Code/rolledBack`` if a statement failed and the closure swallowed the error;
    ///   ``PostgresError/Code/commitInDoubt`` if the connection died while `COMMIT` was under way.
    package func withTransaction<Value>(
        isolation: IsolationLevel = .readCommitted,
        readOnly: Bool = false,
        deadline: MonotonicInstant? = nil,
        _ body: (Transaction) async throws -> Value
    ) async throws -> Value {
        let lease = try await self.lease(deadline: deadline)
        // A transaction that is still open is seen at the reset, and the connection discarded.
        defer { lease.giveBack() }
        let connection = lease.connection
        _ = try await connection.query(SQL(unsafe: "BEGIN ISOLATION LEVEL \(isolation.rawValue) \(readOnly ? "READ ONLY" : "READ WRITE")"))
        let transaction = await Transaction(connection: connection)
        let value: Value
        do {
            value = try await body(transaction)
        } catch {
            await transaction.end()
            _ = await connection.perform(Flight("ROLLBACK"))
            throw error
        }
        let firstFailure = await transaction.end()
        if let firstFailure, firstFailure.code == .transactionEnded {
            _ = await connection.perform(Flight("ROLLBACK"))
            throw PostgresError(.rolledBack, "the transaction was rolled back: \(firstFailure.message)", cause: firstFailure)
        }
        // Cancelling a COMMIT would leave it open whether it is one (correctness.md, rule 27).
        switch await connection.perform(Flight("COMMIT"))[0][0] {
        case .result(let result) where result.commandTag == "COMMIT":
            return value
        case .result, .skipped:
            throw PostgresError(.rolledBack, "the transaction was rolled back, since a statement in it had failed", cause: firstFailure)
        case .failed(let error):
            throw error
        case .lost(let error) where error.code == .connectionClosed:
            throw PostgresError(.rolledBack, "the connection was gone before COMMIT could be sent", cause: error)
        case .lost(let error):
            throw PostgresError(.commitInDoubt, "the connection died while the transaction was being committed", cause: error)
        }
    }
}
