public import Logging
public import WherryCore

/// What a handler may want to know about the job that it runs.
public struct JobContext: Sendable {
    /// The job's id: the same however often it runs. Good as an idempotency key for what the handler does outside the database.
    public let id: JobID
    /// The job's name.
    public let name: String
    /// How many workers died while they ran this job: 0 as a rule.
    public let attempts: Int
    /// Another copy of this job may have run, or may be running elsewhere.
    public let redelivered: Bool
    /// When the job's caller stops waiting. Best effort: the job still commits after it unless the caller's fence comes first.
    public let deadline: ContinuousClock.Instant
    /// The worker's region.
    public let region: String
    /// A logger that carries `job.id` and `job.name`.
    public let logger: Logger

    package init(
        id: JobID, name: String, attempts: Int, redelivered: Bool, deadline: ContinuousClock.Instant, region: String, logger: Logger
    ) {
        self.id = id
        self.name = name
        self.attempts = attempts
        self.redelivered = redelivered
        self.deadline = deadline
        self.region = region
        self.logger = logger
    }
}
