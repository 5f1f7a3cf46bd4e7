/// Whatever goes wrong between Wherry and PostgreSQL: one type with a code, and with all that the server said if it was the server.
///
/// No password is ever part of it.
public struct PostgresError: Error, Sendable {
    /// What kind of error it is.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name of the code, as in `PostgresError.Code.server`.
        public let description: String

        /// The server refused or failed a statement; `sqlState` says why.
        public static let server = Code(description: "server")
        /// The connection died before an answer came: whether the statement ran is not known from this.
        public static let connectionLost = Code(description: "connectionLost")
        /// The connection was closed already; nothing was sent.
        public static let connectionClosed = Code(description: "connectionClosed")
        /// No connection could be made.
        public static let connectFailed = Code(description: "connectFailed")
        /// No connection could be made within ``PostgresConfiguration/connectTimeout``.
        public static let connectTimeout = Code(description: "connectTimeout")
        /// The connection string or a setting makes no sense.
        public static let invalidConfiguration = Code(description: "invalidConfiguration")
        /// The task was cancelled.
        public static let cancelled = Code(description: "cancelled")
        /// A value cannot be sent: a string with a zero byte, a number that no PostgreSQL type holds, JSON that does not encode.
        public static let encoding = Code(description: "encoding")
        /// A value that came does not fit the Swift type that was asked for.
        public static let decoding = Code(description: "decoding")
        /// There is no such column, or not as many columns or rows as were asked for.
        public static let unexpectedShape = Code(description: "unexpectedShape")
        /// The transaction's scope has ended; the handle is of no use any more.
        public static let transactionEnded = Code(description: "transactionEnded")
        /// A statement that would leave or weaken its transaction (`COMMIT`, `SAVEPOINT`, …): not sent.
        public static let transactionControl = Code(description: "transactionControl")
        /// `COPY`, which does not exist in pipeline mode: not sent.
        public static let unsupportedStatement = Code(description: "unsupportedStatement")
        /// A statement beyond one of ``PostgresLimits``: not sent.
        public static let limitExceeded = Code(description: "limitExceeded")
        /// The transaction was rolled back although it was to be committed; `cause` is the first failure in it.
        public static let rolledBack = Code(description: "rolledBack")
        /// The connection died while `COMMIT` was under way: committed or not is not known from this.
        public static let commitInDoubt = Code(description: "commitInDoubt")
        /// Too many callers wait for a connection of the pool already.
        public static let poolExhausted = Code(description: "poolExhausted")
        /// No connection of the pool became free in time.
        public static let acquireTimeout = Code(description: "acquireTimeout")
        /// The pool has been shut down.
        public static let poolClosed = Code(description: "poolClosed")
    }

    /// What kind of error it is.
    public var code: Code
    /// PostgreSQL's code, if the server said it.
    public var sqlState: SQLState?
    /// What happened, in a sentence.
    public var message: String
    /// The server's severity, not translated: `ERROR`, `FATAL`, `PANIC`; for notices `WARNING`, `NOTICE` and the like.
    public var severity: String?
    /// The server's second sentence.
    public var detail: String?
    /// What the server, or Wherry, suggests.
    public var hint: String?
    /// The schema of the table that the error is about.
    public var schema: String?
    /// The table that the error is about.
    public var table: String?
    /// The column that the error is about.
    public var column: String?
    /// The data type that the error is about.
    public var dataType: String?
    /// The constraint that was violated. Of a partitioned table it is the *partition's*.
    public var constraint: String?
    /// Where in the statement the error is, counted in characters from 1.
    public var position: Int?
    /// Where in the server's own functions it happened.
    public var context: String?
    /// What lies beneath.
    public var cause: (any Error)?

    /// Makes an error of Wherry's own.
    public init(_ code: Code, _ message: String, hint: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }

    /// Whether the connection is gone.
    public var isConnectionLost: Bool {
        switch self.code {
        case .connectionLost, .connectionClosed, .commitInDoubt: true
        default: self.severity == "FATAL" || self.severity == "PANIC"
        }
    }

    /// Whether the same work, begun anew in a new transaction, may succeed without anybody changing anything.
    ///
    /// For a statement that changed something outside a transaction, look at ``isConnectionLost`` first: it may have been done already.
    public var isRetryable: Bool {
        switch self.code {
        case .connectionLost, .connectionClosed, .connectTimeout, .commitInDoubt, .poolExhausted, .acquireTimeout:
            return true
        case .rolledBack:
            return (self.cause as? PostgresError)?.isRetryable ?? false
        case .connectFailed:
            guard let sqlState = self.sqlState else { return true }
            return !Self.refusals.contains(sqlState.classCode)
        case .server:
            guard let sqlState = self.sqlState else { return false }
            return switch sqlState {
            case .serializationFailure, .deadlockDetected, .lockNotAvailable, .invalidStatementName: true
            case "25P03", "57P05": true
            case .featureNotSupported: self.isStalePlan
            default: ["08", "53", "57P", "58"].contains { sqlState.rawValue.hasPrefix($0) }
            }
        default:
            return false
        }
    }

    /// Whether a prepared statement is out of date, as all are after a migration (correctness.md, rule 23): the connection has dropped its
    /// statements, and the same work will succeed.
    package var isStalePlan: Bool {
        // The server has no code of its own for this, and translates the message, but never the name of the C routine that raised it.
        self.sqlState == .invalidStatementName || self.sqlState == .featureNotSupported && self.routine == "RevalidateCachedQuery"
    }

    /// The name of the server's C routine that raised the error.
    package var routine: String?

    /// Classes of errors that trying to connect again does not cure: 28 wrong credentials, 3D no such database, 42 no privilege.
    private static let refusals: Set<Substring> = ["28", "3D", "42"]
}

extension PostgresError: CustomStringConvertible {
    /// The error in one line: code, SQLSTATE, message, and what else is known.
    public var description: String {
        var text = "\(self.code)"
        if let sqlState = self.sqlState { text += " [\(sqlState)]" }
        text += ": \(self.message)"
        let details = [("detail", self.detail), ("hint", self.hint), ("constraint", self.constraint)]
        for case (let name, let value?) in details { text += "; \(name): \(value)" }
        if let position = self.position { text += "; at character \(position)" }
        if let cause = self.cause { text += "; because of \(cause)" }
        return text
    }
}
