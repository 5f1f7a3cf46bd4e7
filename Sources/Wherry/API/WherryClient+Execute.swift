public import WherryJobs
public import WherryPostgres

/// One statement at the primary, without a job of your own.
///
/// It is a job all the same (`wherry.execute`): it runs once, in a transaction of its own, and is waited for until the replica here shows what it
/// did. Workers offer it unless they are told not to. For several statements that belong together, write a job.
extension WherryClient {
    /// Runs one statement at the primary, and waits until the replica here shows what it did.
    ///
    /// ```swift
    /// let renamed = try await client.execute("UPDATE items SET name = \(name) WHERE id = \(id)")
    /// ```
    ///
    /// - Parameters:
    ///   - statement: any statement that may stand in a transaction; interpolated values are bound, never text. Transaction control is refused.
    ///   - deadline: as of ``call(_:key:deadline:)``.
    /// - Returns: how many rows it touched.
    /// - Throws: ``JobError``: `statementRefused` for a statement that is not sent; `handlerFailed` if the server refused it, with the
    ///   `PostgresError` as its ``JobError/cause``; `unknownJob` where `execute` is switched off; otherwise as ``call(_:key:deadline:)``.
    @discardableResult
    public func execute(_ statement: SQL, deadline: Duration? = nil) async throws(JobError) -> Int {
        try await self.run(statement, returnsRows: false, deadline: deadline).affectedRows
    }

    /// Runs one statement at the primary, waits until the replica here shows what it did, and decodes its rows column by column:
    /// `as: (Int, String?).self`, or `as: Int.self` for one column.
    ///
    /// ```swift
    /// let ids = try await client.execute("INSERT INTO items(name) VALUES (\(name)) RETURNING id", as: Int.self)
    /// ```
    ///
    /// - Parameters:
    ///   - statement: as of ``execute(_:deadline:)``; with a RETURNING clause, for example.
    ///   - type: what its columns are read as.
    ///   - deadline: as of ``call(_:key:deadline:)``.
    /// - Throws: as ``execute(_:deadline:)``; `undecodableResult` if the statement was executed and its rows are of other types; `tooLarge` if
    ///   they are more than the worker's `maximumPayloadSize`: then it was rolled back.
    public func execute<each Column: PostgresDecodable>(
        _ statement: SQL,
        as type: (repeat each Column).Type,
        deadline: Duration? = nil
    ) async throws(JobError) -> [(repeat each Column)] {
        try await self.run(statement, returnsRows: true, deadline: deadline).decode { rows throws(PostgresError) in
            try rows.decode(as: type)
        }
    }

    /// Runs one statement at the primary, waits until the replica here shows what it did, and decodes its rows as structs, by the names of their
    /// coding keys.
    ///
    /// - Parameters:
    ///   - statement: as of ``execute(_:deadline:)``; with a RETURNING clause, for example.
    ///   - type: what a row is read as: `createdAt` is filled from a column `createdAt` or `created_at`.
    ///   - deadline: as of ``call(_:key:deadline:)``.
    /// - Throws: as the one that decodes column by column.
    @_disfavoredOverload
    public func execute<Value: Decodable>(
        _ statement: SQL,
        as type: Value.Type,
        deadline: Duration? = nil
    ) async throws(JobError) -> [Value] {
        try await self.run(statement, returnsRows: true, deadline: deadline).decode { rows throws(PostgresError) in
            try rows.decode(as: type)
        }
    }

    private func run(_ statement: SQL, returnsRows: Bool, deadline: Duration?) async throws(JobError) -> ExecutedStatement {
        try await ExecuteStatement.run(statement, returnsRows: returnsRows) { job throws(JobError) in
            try await self.call(job, deadline: deadline)
        }
    }
}
