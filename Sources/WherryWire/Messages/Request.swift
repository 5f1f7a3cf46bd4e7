package import WherryCore

/// A job to run.
package struct Request: Hashable, Sendable {
    package var job: JobIdentity
    /// Of `arguments`, for example `application/json`.
    package var contentType: String
    /// Until the caller's deadline, counted from the moment of sending; each holder takes off the time that it kept the request.
    package var remaining: Duration
    /// Another copy of this job may be out: look its receipt up before running it.
    package var redelivered: Bool
    /// How many workers died while they ran this job.
    package var attempts: Int
    /// The newest epoch that the client knows. A worker serves the request only on a primary of this epoch.
    package var epoch: Epoch?
    /// W3C trace context: `traceparent`, `tracestate`.
    package var traceContext: [String: String]
    /// All copies of a job have the same, or none.
    package var key: JobKey?
    /// For a region job: what its reads must see at least.
    package var waitFor: CausalToken?
    /// A region job: run at most once, beside whatever database the worker has, without a receipt.
    package var isRegionJob: Bool
    /// The payload: travels in a frame of its own that no broker reads.
    package var arguments: [UInt8]

    package init(
        job: JobIdentity, contentType: String, remaining: Duration, redelivered: Bool = false, attempts: Int = 0, epoch: Epoch?,
        traceContext: [String: String] = [:], key: JobKey? = nil, waitFor: CausalToken? = nil, isRegionJob: Bool = false, arguments: [UInt8]
    ) {
        self.job = job
        self.contentType = contentType
        self.remaining = remaining
        self.redelivered = redelivered
        self.attempts = attempts
        self.epoch = epoch
        self.traceContext = traceContext
        self.key = key
        self.waitFor = waitFor
        self.isRegionJob = isRegionJob
        self.arguments = arguments
    }
}
