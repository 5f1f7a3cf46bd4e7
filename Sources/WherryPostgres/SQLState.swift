/// The five-character code with which PostgreSQL names an error (manual, appendix A).
public struct SQLState: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The code, for example `23505`.
    public var rawValue: String

    /// Wraps a code.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Lets a code be written as a literal: `error.sqlState == "23505"`.
    public init(stringLiteral value: String) {
        self.rawValue = value
    }

    /// The first two characters: the class of the error, for example `23` for a violated constraint.
    public var classCode: Substring {
        self.rawValue.prefix(2)
    }

    /// The code itself.
    public var description: String {
        self.rawValue
    }

    /// `0A000`: also what a prepared statement gets after a migration: "cached plan must not change result type".
    public static let featureNotSupported: SQLState = "0A000"
    /// `23505`.
    public static let uniqueViolation: SQLState = "23505"
    /// `23503`.
    public static let foreignKeyViolation: SQLState = "23503"
    /// `23502`.
    public static let notNullViolation: SQLState = "23502"
    /// `23514`.
    public static let checkViolation: SQLState = "23514"
    /// `25006`: a write in a read-only transaction, or on a server in recovery.
    public static let readOnlyTransaction: SQLState = "25006"
    /// `25P02`: an earlier statement of the transaction failed.
    public static let inFailedTransaction: SQLState = "25P02"
    /// `26000`: a prepared statement that the server does not have.
    public static let invalidStatementName: SQLState = "26000"
    /// `40001`.
    public static let serializationFailure: SQLState = "40001"
    /// `40P01`.
    public static let deadlockDetected: SQLState = "40P01"
    /// `42501`.
    public static let insufficientPrivilege: SQLState = "42501"
    /// `55P03`: a lock that was not to be had, or not within `lock_timeout`.
    public static let lockNotAvailable: SQLState = "55P03"
    /// `57014`: cancelled by a request or by `statement_timeout`.
    public static let queryCanceled: SQLState = "57014"
    /// `57P01`: the server is shutting down, or somebody called `pg_terminate_backend`.
    public static let adminShutdown: SQLState = "57P01"
}
