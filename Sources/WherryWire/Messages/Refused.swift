package import WherryCore

/// A copy of a job was not run, or a FENCE not carried out. A hint, never an outcome (design.md, step 7).
package struct Refused: Hashable, Sendable {
    /// Why a copy was not run. `docs/wire-protocol.md` lists the codes with what to do.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The broker's queue is full by count or bytes; `retryAfter` says when to come back.
        case overloaded
        /// No worker offers this name and version. `message` names the nearest known ones.
        case unknownJob = "unknown-job"
        /// Its deadline passed while it was queued.
        case expired
        /// The client asked to cancel it while it was queued.
        case cancelled
        /// Larger than the broker or worker takes.
        case tooLarge = "too-large"
        /// The request carries no epoch or another one than the worker's primary; `epoch` is the worker's. Nothing was run.
        case wrongEpoch = "wrong-epoch"
        /// A field is missing or out of range; `message` says which.
        case malformed
        /// The broker or worker shuts down and handed the job back.
        case drained
        /// The worker could not reach its database or ran out of attempts at it; nothing is known of an outcome.
        case unavailable
        /// The id's time lies too far in the future by the primary's clock.
        case clockSkew = "clock-skew"
        /// The id's time lies before what receipts are kept for, so nobody can tell its outcome any more.
        case outcomeNoLongerKnown = "outcome-no-longer-known"
        /// Another job, or another scope's, has this id.
        case idConflict = "id-conflict"
        /// Whoever had this region job is gone, or will not finish it: it may have run, and is not given to anybody else.
        case regionJobLost = "region-job-lost"
        /// Anything that this version does not know.
        case unrecognized
    }

    /// What was refused: a job may be queued and fenced at once, and the two are answered apart.
    package enum Subject: String, Hashable, Sendable, CaseIterable {
        /// A copy of the job.
        case request
        /// A FENCE for it.
        case fence
    }

    package var id: JobID
    package var subject: Subject
    package var code: Code
    /// For people; says what to do.
    package var message: String
    /// Whose refusal it is: the broker's incarnation that the job was sent to. A worker leaves it empty, and its broker puts its own.
    package var incarnation: [UInt8]
    /// This copy was never given to a worker, nor was any other copy that this broker met.
    package var neverDispatched: Bool
    /// When to come back, for `overloaded`; `nil` leaves it to the client.
    package var retryAfter: Duration?
    /// The worker's, for `wrongEpoch`.
    package var epoch: Epoch?

    package init(
        id: JobID, subject: Subject = .request, code: Code, message: String, incarnation: [UInt8], neverDispatched: Bool,
        retryAfter: Duration? = nil,
        epoch: Epoch? = nil
    ) {
        self.id = id
        self.subject = subject
        self.code = code
        self.message = message
        self.incarnation = incarnation
        self.neverDispatched = neverDispatched
        self.retryAfter = retryAfter
        self.epoch = epoch
    }
}
