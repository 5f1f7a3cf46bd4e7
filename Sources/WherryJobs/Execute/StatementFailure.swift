import WherryPostgres

/// What the server said against a statement of ``ExecuteStatement``: the payload of its failure.
struct StatementFailure: Codable, Sendable {
    var message: String
    var sqlState: String?
    var detail: String?
    var hint: String?
    var position: Int?
    var schema: String?
    var table: String?
    var column: String?
    var dataType: String?
    var constraint: String?

    init(_ error: PostgresError) {
        self.message = error.message
        self.sqlState = error.sqlState?.rawValue
        self.detail = error.detail
        self.hint = error.hint
        self.position = error.position
        self.schema = error.schema
        self.table = error.table
        self.column = error.column
        self.dataType = error.dataType
        self.constraint = error.constraint
    }

    /// The same as an error, for those who look at its SQLSTATE or constraint.
    var error: PostgresError {
        var error = PostgresError(.server, self.message, hint: self.hint)
        error.sqlState = self.sqlState.map(SQLState.init(rawValue:))
        error.detail = self.detail
        error.position = self.position
        error.schema = self.schema
        error.table = self.table
        error.column = self.column
        error.dataType = self.dataType
        error.constraint = self.constraint
        return error
    }
}
