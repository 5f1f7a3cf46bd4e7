public import WherryCore
import WherryJobs
import WherryWire

/// A job that was handed over: a future with several stages. Copies are the same job.
///
/// It ends by itself, at the latest five seconds after its deadline, whether anybody waits for it or not and whoever is dead.
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
            return try JobEnding(progress, of: self.pending, region: self.region).output()
        }
    }

    /// Where the job committed, as soon as it has; the replica here may not show it yet.
    ///
    /// - Throws: ``JobError`` if it did not commit; `CancellationError` if the waiting task is cancelled, which does not touch the job.
    public var committed: CausalToken {
        get async throws {
            let progress = try await self.pending.wait(for: .committed)
            if let reply = progress.committed { return reply.token }
            throw JobEnding(progress, of: self.pending, region: self.region).makeError()
        }
    }

    /// What the job's handler reports with `JobContext.report(_:)`, until the job ends.
    ///
    /// ```swift
    /// for await progress in handle.progress { print(try progress.decode(as: Int.self)) }
    /// ```
    public var progress: JobProgressSequence {
        JobProgressSequence(pending: self.pending)
    }

    /// How long each leg took, as far as it has come. Complete once ``value`` is there.
    public var timings: JobTimings {
        self.pending.progress.timings
    }

    /// Gives the job up. If it has not committed it never will, and ``value`` throws `cancelled`; if it was faster, ``value`` says so: it gives
    /// the output, or throws `notYetVisible`.
    ///
    /// A job that waits in a queue is dropped there. One that runs is cancelled where it runs: its task, its statement on the server, its
    /// transaction. Either way a fence keeps copies of it from committing; if nobody answers for that within 5 s, ``value`` throws `undecided`.
    public func cancel() {
        self.core.cancel(self.pending.handle)
    }
}
