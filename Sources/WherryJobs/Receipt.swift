package import WherryCore
package import WherryWire

/// A job's outcome, as it stands in `wherry.receipts`. The first receipt of an id is its outcome, for ever.
package struct Receipt: Sendable, Hashable {
    package var job: JobIdentity
    package var outcome: Outcome
    /// For every outcome but `committed`.
    package var failure: Failure?
    package var contentType: String
    /// The job's encoded output, or a failure's payload.
    package var payload: [UInt8]
    package var attempts: Int
    /// The idempotency key that the job takes with it, in the same transaction. Not stored here, so `nil` in what a look-up finds.
    package var claim: JobKey?

    package init(
        job: JobIdentity, outcome: Outcome, failure: Failure? = nil, contentType: String = "", payload: [UInt8] = [], attempts: Int = 0,
        claim: JobKey? = nil
    ) {
        self.job = job
        self.outcome = outcome
        self.failure = failure
        self.contentType = contentType
        self.payload = payload
        self.attempts = attempts
        self.claim = claim
    }

    package var id: JobID { self.job.id }

    /// The receipt that a fence asks for.
    package init(fence: Fence) {
        let message =
            switch fence.kind {
            case .cancelled: JobError.Code.cancelled.advice
            case .expired: JobError.Code.expired.advice
            case .poisoned: JobError.Code.poisoned.advice
            case .lost: JobError.Code.lost.advice
            case .committed, .failed: "not a fence"
            }
        self.init(job: fence.job, outcome: fence.kind, failure: Failure(code: fence.kind.rawValue, message: message))
    }

    /// The answer to give.
    ///
    /// - Parameters:
    ///   - token: where the receipt is flushed, or any later position.
    ///   - stored: it stood already; this run did not make it.
    package func makeReply(token: CausalToken, stored: Bool, timings: [Leg: Duration]) -> Reply {
        Reply(
            id: self.id, outcome: self.outcome, token: token, fromReceipt: stored, failure: self.failure, timings: timings,
            contentType: self.contentType, payload: self.payload)
    }
}
