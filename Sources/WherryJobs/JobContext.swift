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
    /// When the job's caller stops waiting. A handler that still runs then is cancelled: its task, its statement on the server, and its
    /// transaction. Best effort: a job that is about to commit still does unless the caller's fence comes first.
    public let deadline: ContinuousClock.Instant
    /// The worker's region.
    public let region: String
    /// A logger that carries `job.id` and `job.name`.
    public let logger: Logger
    private let reporter: ProgressReporter?

    package init(
        id: JobID, name: String, attempts: Int, redelivered: Bool, deadline: ContinuousClock.Instant, region: String, logger: Logger,
        reporter: ProgressReporter? = nil
    ) {
        self.id = id
        self.name = name
        self.attempts = attempts
        self.redelivered = redelivered
        self.deadline = deadline
        self.region = region
        self.logger = logger
        self.reporter = reporter
    }

    /// Tells the job's caller how far it is: the caller's handle has it in its `progress`.
    ///
    /// Best effort, and no part of the job's outcome: reports may be lost, and those of a run that was rolled back and begun anew come again.
    /// At most one in 100 ms goes out (`ProgressReporter.minimumInterval`); of those that come faster the newest does, and the last one of a
    /// handler that returns always does. So report as often as you like; each call costs the encoding of its value.
    ///
    /// - Parameter value: anything that can be encoded, up to 64 KiB (`ProgressReporter.maximumSize`). One that is larger, or cannot be encoded,
    ///   is logged and left out: a report never fails a job.
    public func report(_ value: some Encodable) {
        guard let reporter else { return }
        do {
            let bytes = try JobCodec.encode(value)
            guard bytes.count <= ProgressReporter.maximumSize else {
                let message = "it has \(bytes.count) bytes; at most \(ProgressReporter.maximumSize) are allowed"
                return self.logger.warning("a progress report was left out", metadata: [LogKey.error: "\(message)"])
            }
            reporter.report(bytes)
        } catch {
            self.logger.warning("a progress report was left out", metadata: [LogKey.error: "it cannot be encoded: \(error)"])
        }
    }
}
