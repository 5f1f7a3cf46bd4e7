/// Why a server or a cluster could not do what it was told.
public struct ClusterError: Error, Sendable {
    /// The kind of failure; more kinds may come.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name as it is printed.
        public let description: String

        /// No PostgreSQL server programs were found, or they are too old.
        public static let notInstalled = Code(description: "not-installed")
        /// There is nobody the servers could run as: PostgreSQL refuses to run as root, and no other account exists.
        public static let noAccount = Code(description: "no-account")
        /// A folder cannot be made, read or written by the account that the servers run as.
        public static let folder = Code(description: "folder")
        /// The configuration contradicts itself.
        public static let configuration = Code(description: "configuration")
        /// Somebody else took the port between its choice and the server's start.
        public static let portTaken = Code(description: "port-taken")
        /// A program failed: `initdb`, `pg_ctl`, `psql` and so on.
        public static let commandFailed = Code(description: "command-failed")
        /// Something did not happen before its deadline.
        public static let timedOut = Code(description: "timed-out")
        /// The server is not in the state that the operation needs.
        public static let wrongState = Code(description: "wrong-state")
        /// The task was cancelled.
        public static let cancelled = Code(description: "cancelled")
    }

    /// What kind of failure it is.
    public var code: Code
    /// What happened, to which server, and what to do about it.
    public var message: String
    /// The last lines of the server's log, where a server was involved.
    public var serverLog: String?
    /// The error underneath.
    public var cause: (any Error)?

    package init(_ code: Code, _ message: String, serverLog: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.serverLog = serverLog
        self.cause = cause
    }
}

extension ClusterError: CustomStringConvertible {
    /// Everything that is known, the server's log included: for people who read a failed test.
    public var description: String {
        var text = "\(self.code): \(self.message)"
        if let cause { text += " (\(cause))" }
        if let serverLog, !serverLog.isEmpty { text += "\nserver log:\n\(serverLog)" }
        return text
    }
}
