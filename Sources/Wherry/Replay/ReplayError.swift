/// Why a wait for the local replica failed. Whatever was waited for has not failed by that: a write that committed stays committed.
public struct ReplayError: Error, Hashable, Sendable {
    /// What went wrong.
    public struct Code: Hashable, Sendable {
        /// The code's name, for logs and metrics.
        public let name: String

        /// The deadline passed first.
        public static let timedOut = Code(name: "replay-timed-out")
        /// Replay is paused on the replica (`pg_wal_replay_pause()`), for longer than the grace period.
        public static let paused = Code(name: "replay-paused")
        /// The replica has had no WAL receiver, and made no progress, for longer than the grace period.
        public static let noReceiver = Code(name: "replay-no-receiver")
        /// The token and the server belong to two forks of one timeline.
        public static let fork = Code(name: "replay-fork")
        /// The token belongs to another database cluster.
        public static let otherSystem = Code(name: "replay-other-system")
        /// The server is in a newer history than the token: it may or may not have survived.
        public static let superseded = Code(name: "replay-superseded")
        /// The role may not read `wherry.epochs` or `wherry.receipts`.
        public static let denied = Code(name: "replay-denied")
        /// Too many wait already.
        public static let tooManyWaiters = Code(name: "replay-too-many-waiters")
        /// Whoever waited gave up.
        public static let cancelled = Code(name: "replay-cancelled")
        /// The notifier was shut down.
        public static let closed = Code(name: "replay-closed")
    }

    /// What went wrong.
    public var code: Code
    /// For people: the circumstances, and what to do.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension ReplayError: CustomStringConvertible {
    /// Code and message.
    public var description: String { "\(self.code.name): \(self.message)" }
}
