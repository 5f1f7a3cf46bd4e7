/// Why a worker could not start, or had to end.
public struct WorkerError: Error, Sendable {
    /// What kind of error it is.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name.
        public let description: String

        /// The configuration makes no sense; the message names what does not.
        public static let invalidConfiguration = Code(description: "invalid-configuration")
        /// The server that is configured as the primary is a standby.
        public static let standby = Code(description: "standby")
        /// The database answers, but a worker cannot use it: the schema is missing, the role lacks a privilege, a password is wrong.
        public static let unusableDatabase = Code(description: "unusable-database")
        /// An endpoint could not be opened.
        public static let endpoint = Code(description: "endpoint")
    }

    /// What kind of error it is.
    public var code: Code
    /// What happened, and what to do.
    public var message: String
    /// What lies beneath.
    public var cause: (any Error)?

    /// Whether to start the worker again as it is can help: never; somebody must change something first.
    public var isRetryable: Bool { false }

    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension WorkerError: CustomStringConvertible {
    /// Code and message.
    public var description: String {
        "worker: \(self.code): \(self.message)"
    }
}
