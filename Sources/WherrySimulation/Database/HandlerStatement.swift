import WherryPostgres

/// What a handler's script sends to the database, by its effect there.
enum HandlerStatement: Hashable {
    /// Inserts what the job is for: a row that would be there twice if the job took effect twice.
    case write
    /// The same, and breaks a constraint that is checked at COMMIT.
    case writeDeferred
    /// `SELECT … FOR UPDATE`.
    case lock(Int)
    /// `SELECT … FOR UPDATE NOWAIT`.
    case lockAtOnce(Int)
    /// Fails with that SQLSTATE.
    case fail(SQLState)
}
