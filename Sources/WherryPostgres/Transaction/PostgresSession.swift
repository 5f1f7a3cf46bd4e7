/// Something that runs statements: a transaction, or a database to read from.
public protocol PostgresSession: Sendable {
    /// Runs a statement.
    ///
    /// If the task is cancelled, the statement is cancelled on the server.
    func perform(_ statement: SQL) async throws(PostgresError) -> QueryResult
}

extension PostgresSession {
    /// Runs a statement and returns its rows.
    @discardableResult
    public func query(_ statement: SQL) async throws(PostgresError) -> Rows {
        try await self.perform(statement).rows
    }

    /// Runs a statement and decodes its rows, column by column: `query("…", as: (Int, String?).self)`, or `as: Int.self` for one column.
    public func query<each Column: PostgresDecodable>(
        _ statement: SQL,
        as type: (repeat each Column).Type
    ) async throws(PostgresError) -> [(repeat each Column)] {
        try await self.perform(statement).rows.decode(as: type)
    }

    /// Runs a statement and decodes its rows as structs, by the names of their coding keys.
    @_disfavoredOverload
    public func query<Value: Decodable>(_ statement: SQL, as type: Value.Type) async throws(PostgresError) -> [Value] {
        try await self.perform(statement).rows.decode(as: type)
    }

    /// Runs a statement that gives one row of one column, such as a `count(*)`.
    public func scalar<Value: PostgresDecodable>(_ statement: SQL, as type: Value.Type = Value.self) async throws(PostgresError) -> Value {
        try await self.perform(statement).rows.scalar(as: type)
    }

    /// Runs a statement for what it does.
    ///
    /// - Returns: how many rows it touched.
    @discardableResult
    public func execute(_ statement: SQL) async throws(PostgresError) -> Int {
        try await self.perform(statement).affectedRows
    }
}
