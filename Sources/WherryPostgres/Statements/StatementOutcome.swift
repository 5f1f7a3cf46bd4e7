/// What became of one statement of a flight.
package enum StatementOutcome: Sendable {
    /// The server's answer came, and with it the Sync of its segment, or the answer to a `COMMIT` or `ROLLBACK` at or after it: it counts.
    case result(QueryResult)
    /// The server refused or failed it, or it was refused here, unsent.
    indirect case failed(PostgresError)
    /// It was not run: an earlier statement of its segment failed, or another one of its flight was refused unsent.
    case skipped
    /// The connection died before an answer that counts: whether it ran is not known from this.
    indirect case lost(PostgresError)

    /// The result, if there is one.
    package var result: QueryResult? {
        if case .result(let result) = self { result } else { nil }
    }

    /// The error, if there is one; none for a statement that was skipped.
    package var error: PostgresError? {
        switch self {
        case .failed(let error), .lost(let error): error
        case .result, .skipped: nil
        }
    }
}
