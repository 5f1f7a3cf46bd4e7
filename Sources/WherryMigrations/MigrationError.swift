package import WherryPostgres

/// Why the schema could not be brought to where it was to be.
package struct MigrationError: Error, Sendable {
    package enum Code: Sendable, Hashable {
        /// The database has versions that this tool does not know: it was migrated by a newer Wherry. Use that one.
        case newerSchema
        /// There is no such version to go to.
        case unknownVersion
        /// Somebody else migrates this database, for longer than patience lasts.
        case busy
        /// The role may not do it: use the schema's owner, or one that may create schemas in the database.
        case notPermitted
        /// There is no schema `wherry`: migrate first.
        case notMigrated
        /// The server is a standby: migrate the primary; the schema replicates.
        case standby
        /// A statement failed; the version it belongs to was rolled back.
        case failed
    }

    package var code: Code
    /// For people: what happened, and what to do.
    package var message: String
    package var cause: PostgresError?

    package init(_ code: Code, _ message: String, cause: PostgresError? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Gives an error of the database a code of ours.
    ///
    /// - Parameter doing: what was being done, as in "while …".
    init(_ error: PostgresError, doing: String) {
        switch error.sqlState {
        case SQLState.lockNotAvailable:
            self.init(.busy, "somebody else holds what is needed, while \(doing): try again", cause: error)
        case SQLState.insufficientPrivilege:
            self.init(.notPermitted, "the role lacks a privilege, while \(doing): use the owner's role", cause: error)
        case SQLState.readOnlyTransaction where doing == MigrationError.beginning,
            SQLState.featureNotSupported where doing == MigrationError.beginning:
            self.init(.standby, "this server is a standby: use the primary; the schema replicates", cause: error)
        case "3F000", "42P01":
            self.init(.notMigrated, "the schema is not there, while \(doing): run `wherry migrate up`", cause: error)
        default:
            self.init(.failed, "failed while \(doing)", cause: error)
        }
    }

    static let beginning = "beginning"
}

extension MigrationError: CustomStringConvertible {
    /// The message and its cause.
    package var description: String {
        self.cause.map { "\(self.message) (\($0))" } ?? self.message
    }
}
