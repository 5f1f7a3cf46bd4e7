import WherryJobs
import WherryWire

/// How a job ended, as its caller is told it.
struct JobEnding {
    private let progress: PendingJob.Progress
    private let name: String
    private let region: String

    init(_ progress: PendingJob.Progress, name: String, region: String) {
        self.progress = progress
        self.name = name
        self.region = region
    }

    /// The output of a job that committed and is visible.
    func output<Output: Decodable>() throws(JobError) -> Output {
        guard case .visible(let reply) = self.progress.completion else { throw self.makeError() }
        do {
            return try JobCodec.decode(Output.self, from: reply.payload)
        } catch {
            var failure = self.error(.undecodableResult, "the output does not decode as \(Output.self): \(error)", cause: error)
            failure.token = reply.token
            failure.content = Self.output(of: reply)
            throw failure
        }
    }

    /// The error for everything else.
    func makeError() -> JobError {
        switch self.progress.completion {
        case .visible(let reply), .notVisible(let reply, _):
            var error = self.error(.notYetVisible, JobError.Code.notYetVisible.advice)
            if case .notVisible(_, let cause) = self.progress.completion {
                error.message = "committed at \(reply.token.lsn), but not visible here: \(cause.message)"
                error.cause = cause
            }
            error.token = reply.token
            error.content = Self.output(of: reply)
            return error
        case .settled(let reply):
            return JobError(reply, jobName: self.name, region: self.region) ?? self.error(.undecided, JobError.Code.undecided.advice)
        case .refused(let refused): return JobError(refused, jobName: self.name, region: self.region)
        case .neverSent(let wasCancelled, let reason):
            return wasCancelled
                ? self.error(.cancelled, "cancelled before it was sent") : self.error(.neverSent, "no broker took the job: \(reason)")
        case .undecided(let reason): return self.error(.undecided, "not final: \(reason). Ask client.outcome(of:) later")
        case .rejected(.overloaded(let limit)):
            return self.error(.overloaded, "\(limit) jobs are pending in this client, its limit (maximumPendingJobs): try again later")
        case .rejected(.tooLarge(let limit)):
            return self.error(.tooLarge, "the arguments have more than \(limit) bytes, the limit (maximumArgumentBytes) of this client")
        case .rejected(.unusable(let reason)): return self.error(.misconfigured, reason)
        case .rejected(.closed), nil: return self.error(.clientClosed, JobError.Code.clientClosed.advice)
        }
    }

    private func error(_ code: JobError.Code, _ message: String, cause: (any Error)? = nil) -> JobError {
        JobError(code, message, jobID: self.progress.id, jobName: self.name, region: self.region, cause: cause)
    }

    private static func output(of reply: Reply) -> JobError.Content {
        JobError.Content(kind: .output, contentType: reply.contentType, bytes: reply.payload)
    }
}
