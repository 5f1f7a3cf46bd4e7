package import WherryCore
package import WherryJobs
import WherryWire

/// A job that was handed over as bytes.
package struct RawJobHandle: Sendable {
    /// The output of a job that committed and is visible here.
    package struct Output: Hashable, Sendable {
        /// As its handler encoded it.
        package var bytes: [UInt8]
        /// Of the bytes.
        package var contentType: String
        /// Where the job committed.
        package var token: CausalToken
    }

    /// The job's id.
    package let id: JobID
    let pending: PendingJob
    let core: ClientCore
    let region: String

    /// Waits for the job's end, whatever happens to the task.
    ///
    /// - Throws: ``JobError``.
    package func output() async throws(JobError) -> Output {
        let progress = await self.pending.waitRegardless(for: .ended)
        guard case .visible(let reply) = progress.completion else {
            throw JobEnding(progress, of: self.pending, region: self.region).makeError()
        }
        return Output(bytes: reply.payload, contentType: reply.contentType, token: reply.token)
    }

    /// How long each leg took, as far as it has come.
    package var timings: JobTimings { self.pending.progress.timings }

    /// Gives the job up; ``output()`` says what became of it.
    package func cancel() {
        self.core.cancel(self.pending.handle)
    }
}
