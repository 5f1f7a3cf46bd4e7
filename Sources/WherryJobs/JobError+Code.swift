package import WherryWire

extension JobError {
    /// What happened. A struct, so that codes can be added: always have a `default` when switching over it.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The code as it stands on the wire and in receipts, for example `handler-failed`.
        public let description: String
        /// What to do, in general.
        package let advice: String
        /// See ``JobError/isRetryable``.
        package let isRetryable: Bool

        private init(_ description: String, _ advice: String, isRetryable: Bool = false) {
            self.description = description
            self.advice = advice
            self.isRetryable = isRetryable
        }

        /// By name.
        public static func == (left: Code, right: Code) -> Bool {
            left.description == right.description
        }

        /// By name.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(self.description)
        }
    }
}

// Certainly without effect.
extension JobError.Code {
    /// No broker could be reached before the deadline; nothing left this process. Check the endpoints, then try again.
    public static let neverSent = Self("never-sent", "no broker could be reached: check the endpoints, then try again", isRetryable: true)
    /// The broker's queue is full. Try again later, with more patience; add workers if it stays so.
    public static let overloaded = Self("overloaded", "the broker's queue is full: try again later", isRetryable: true)
    /// No worker has a handler for this name and version. Deploy one, or correct the name.
    public static let unknownJob = Self("unknown-job", "no worker has a handler for this job: deploy one or correct the name")
    /// No broker of that region is configured. Add one, or correct the region's name; ``JobError/message`` lists those that there are.
    public static let unknownRegion = Self("unknown-region", "no broker of this region is configured: add one or correct the name")
    /// The job's arguments cannot be encoded, for example a number that JSON cannot say. Correct the arguments; nothing was sent.
    public static let unencodableArguments = Self("unencodable-arguments", "the arguments cannot be encoded: correct them")
    /// The worker could not decode the arguments: caller and worker disagree about the type. Deploy the same type on both, or raise its
    /// `version`.
    public static let undecodableArguments = Self("undecodable-arguments", "caller and worker disagree about the job's arguments")
    /// The handler threw, or a statement of it failed by its own doing; everything was rolled back. See ``JobError/message`` and
    /// ``JobError/payload(as:)``.
    public static let handlerFailed = Self("handler-failed", "the handler failed and was rolled back")
    /// The handler ran longer than its limit and was rolled back. Raise the limit in its `HandlerOptions`, or make the job smaller.
    public static let timedOut = Self("timed-out", "the handler ran longer than its limit: raise it, or make the job smaller")
    /// The handler's output cannot be encoded; everything was rolled back. Correct the handler.
    public static let unencodableResult = Self("unencodable-result", "the handler's output cannot be encoded: correct the handler")
    /// The caller cancelled, and a fence keeps every copy from committing.
    public static let cancelled = Self("cancelled", "cancelled by its caller", isRetryable: true)
    /// The deadline passed, and a fence keeps every copy from committing. Try again, with a longer deadline.
    public static let expired = Self("expired", "its deadline passed before it committed", isRetryable: true)
    /// Workers died while running it, too often, and a fence keeps it from running again. Find out why before trying again.
    public static let poisoned = Self("poisoned", "workers died while running it: find out why before trying again")
    /// It had committed, and an asynchronous failover lost it; a fence keeps every copy from committing. Try again.
    public static let lost = Self("lost", "it had committed and a failover lost it", isRetryable: true)
    /// Arguments or output are larger than a limit; ``JobError/message`` says which. Send less, or raise the limit.
    public static let tooLarge = Self("too-large", "larger than a limit")
    /// A broker or worker found a field missing or out of range: a mistake of the sender.
    public static let malformed = Self("malformed", "the request makes no sense: a mistake of its sender")
    /// The id's time lies in the primary's future: some clock is wrong. Correct it, then try again.
    public static let clockSkew = Self("clock-skew", "a clock is wrong: correct it, then try again", isRetryable: true)
}

// Committed, or perhaps.
extension JobError.Code {
    /// The job **committed**, but this region's replica did not show it in time. ``JobError/value(as:)`` has its output, ``JobError/token``
    /// says where to wait for it. Do not run it again.
    public static let notYetVisible = Self("not-yet-visible", "committed, but not visible here yet: do not run it again")
    /// The job **committed**, but its output does not decode as the caller's type. Do not run it again; deploy the same type on both ends.
    public static let undecodableResult = Self("undecodable-result", "committed, but its output does not decode: do not run it again")
    /// Not final: nobody who can tell could be reached in time. Ask `client.outcome(of:)` later. Never run it again under a new id before.
    public static let undecided = Self("undecided", "its outcome is not known yet: ask client.outcome(of:) later")
    /// A region job's broker or worker died while it had the job: it may have run, or not, but never runs again. Region jobs have no receipts;
    /// one that may run twice is marked ``RegionJob/isIdempotent`` and sent again instead.
    public static let regionJobLost = Self("region-job-lost", "whoever had the region job died: it may have run, once at most")
    /// Another job, or another scope's, has this id. Whatever happened to that one is not told. Use a new id.
    public static let idConflict = Self("id-conflict", "another job has this id: use a new one")
    /// The id is older than what receipts are kept for, so nobody can tell its outcome any more. Look at your own data.
    public static let outcomeNoLongerKnown = Self("outcome-no-longer-known", "receipts that old are no longer kept: look at your own data")
    /// The region's workers could not use their database, or gave up on it; an outcome may come yet. Ask `client.outcome(of:)`.
    public static let unavailable = Self("unavailable", "the primary's database could not be used")
}

// This process, and reads.
extension JobError.Code {
    /// The client has been shut down.
    public static let clientClosed = Self("client-closed", "the client has been shut down")
    /// The token is of another fork of history, or of another database: it can never be waited for here. Drop it.
    public static let forkedHistory = Self("forked-history", "the token is of another history: drop it")
    /// The token names a position that the primary has not reached: it is forged, or what it stood for is gone. Drop it.
    public static let implausibleToken = Self("implausible-token", "the primary knows nothing of the token: drop it")
    /// A read tried what only the primary can do, such as a write. Do it in a job (`call`) or by `execute`.
    public static let readOnly = Self("read-only", "a read cannot do this: use a job or execute")
    /// A read needed the primary's word (`.global`, or a token from before a failover), and the primary could not be reached in time. Try again, or
    /// read `.eventual`.
    public static let primaryUnavailable = Self(
        "primary-unavailable", "the primary could not be reached: try again, or read .eventual", isRetryable: true)
    /// The local replica cannot be reached, or its replay stands still. Try again, or read elsewhere.
    public static let replicaUnavailable = Self("replica-unavailable", "the local replica cannot be used", isRetryable: true)
    /// The set-up is wrong, and trying again does not help: a standby configured as the primary, a role without privileges, a schema that
    /// was not migrated. ``JobError/message`` says what to change.
    public static let misconfigured = Self("misconfigured", "the set-up is wrong")
}

extension JobError.Code {
    /// The code of a final outcome; `nil` for `committed`.
    package init?(outcome: Outcome, failure: Failure?) {
        switch outcome {
        case .committed: return nil
        case .cancelled: self = .cancelled
        case .expired: self = .expired
        case .poisoned: self = .poisoned
        case .lost: self = .lost
        case .failed:
            let known: [Self] = [.undecodableArguments, .timedOut, .unencodableResult, .tooLarge]
            self = known.first { $0.description == failure?.code } ?? .handlerFailed
        }
    }

    /// The code of a refusal, once it is final.
    package init(_ code: Refused.Code) {
        self =
            switch code {
            case .overloaded, .drained: .overloaded
            case .unknownJob: .unknownJob
            case .expired: .expired
            case .cancelled: .cancelled
            case .tooLarge: .tooLarge
            case .malformed: .malformed
            case .clockSkew: .clockSkew
            case .outcomeNoLongerKnown: .outcomeNoLongerKnown
            case .idConflict: .idConflict
            case .regionJobLost: .regionJobLost
            case .wrongEpoch, .unavailable, .unrecognized: .unavailable
            }
    }
}
