package import WherryCore

/// What became of a job, and where to look for its receipt: REPLY, and OUTCOME for a FENCE.
package struct Reply: Hashable, Sendable {
    package var id: JobID
    package var outcome: Outcome
    /// Where to look for the receipt. On a primary of this epoch the outcome's receipt is flushed at or before this position.
    package var token: CausalToken
    /// The outcome was read from a receipt that stood already, not made by this run.
    package var fromReceipt: Bool
    /// For every outcome but `committed`.
    package var failure: Failure?
    package var timings: [Leg: Duration]
    package var contentType: String
    /// The job's encoded output, or a failure's payload; in a frame of its own.
    package var payload: [UInt8]

    package init(
        id: JobID, outcome: Outcome, token: CausalToken, fromReceipt: Bool, failure: Failure? = nil, timings: [Leg: Duration] = [:],
        contentType: String, payload: [UInt8]
    ) {
        self.id = id
        self.outcome = outcome
        self.token = token
        self.fromReceipt = fromReceipt
        self.failure = failure
        self.timings = timings
        self.contentType = contentType
        self.payload = payload
    }
}
