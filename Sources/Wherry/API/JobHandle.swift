public import WherryCore
import WherryJobs
import WherryWire

/// A job that was handed over: a future with several stages. Copies are the same job.
///
/// It ends by itself, at the latest a few seconds after its deadline, whether anybody waits for it or not.
public struct JobHandle<Output: Codable & Sendable>: Sendable {
    /// The job's id: what the log, the receipt and ``WherryClient/outcome(of:patience:)`` know it by.
    public let id: JobID
    let pending: PendingJob
    let core: ClientCore
    let region: String

    /// The job's output, once the replica here shows what it did.
    ///
    /// - Throws: ``JobError``; `CancellationError` if the waiting task is cancelled, which does not touch the job.
    public var value: Output {
        get async throws {
            let progress = try await self.pending.wait(for: .ended)
            return try JobEnding(progress, name: self.pending.name, region: self.region).output()
        }
    }

    /// Where the job committed, as soon as it has; the replica here may not show it yet.
    ///
    /// - Throws: ``JobError`` if it did not commit; `CancellationError` if the waiting task is cancelled, which does not touch the job.
    public var committed: CausalToken {
        get async throws {
            let progress = try await self.pending.wait(for: .committed)
            if let reply = progress.committed { return reply.token }
            throw JobEnding(progress, name: self.pending.name, region: self.region).makeError()
        }
    }

    /// How long each leg took, as far as it has come. Complete once ``value`` is there.
    public var timings: JobTimings {
        self.pending.progress.timings
    }

    /// Gives the job up. If it has not committed it never will, and ``value`` throws `cancelled`; if it was faster, ``value`` says so.
    public func cancel() {
        self.core.cancel(self.pending.handle)
    }
}
