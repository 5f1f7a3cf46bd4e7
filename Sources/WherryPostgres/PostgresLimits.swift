/// The bounds that hold for every connection. Each has a name, a value and an error: ``PostgresError/Code/limitExceeded``.
public enum PostgresLimits {
    /// The most parameters that one statement can have: 65,535, by PostgreSQL's protocol. Send an array and `unnest` it instead.
    public static let maximumParameters = 65_535
    /// The most bytes that one statement may have, text and parameters together: 64 MiB.
    public static let maximumStatementBytes = 64 << 20
    /// The most statements that may wait for their answers on one connection: 65,536.
    public static let maximumPendingStatements = 65_536
    /// The most statements that are kept prepared on one connection: 256; the least recently used goes first.
    public static let maximumPreparedStatements = 256
}
