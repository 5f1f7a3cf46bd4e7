import WherryCore
import WherryEventLoop
package import WherryJobs
import WherryWire

/// Jobs that are known by name and bytes alone: for tools, which have no type for them.
extension WherryClient {
    /// Hands over a job, and returns as soon as it has its id.
    ///
    /// - Parameters:
    ///   - name: the job's name.
    ///   - version: its version.
    ///   - contentType: of the arguments.
    ///   - arguments: as its handler decodes them.
    ///   - deadline: as in ``call(_:deadline:)``.
    /// - Throws: ``JobError``, as ``submit(_:deadline:)`` does.
    package func submit(
        raw name: String, version: Int = 1, contentType: String = JobCodec.contentType, arguments: [UInt8], deadline: Duration? = nil
    ) async throws(JobError) -> RawJobHandle {
        let deadline = deadline ?? self.configuration.deadline
        guard deadline > .zero, deadline <= self.configuration.maximumDeadline else {
            let message = "the deadline is \(deadline); it must be more than zero and at most \(self.configuration.maximumDeadline)"
            throw JobError(.misconfigured, "\(message) (maximumDeadline)", jobName: name)
        }
        let limits = WireLimits()
        guard (1...limits.maximumNameLength).contains(name.utf8.count), (1...Int(Int32.max)).contains(version) else {
            let message = "a job's name has 1 to \(limits.maximumNameLength) bytes, and its version is at least 1"
            throw JobError(.misconfigured, message, jobName: name)
        }
        let pending = PendingJob(handle: self.makeHandle(), name: name)
        self.core.submit(
            pending,
            ClientMachine.Submission(
                name: name,
                version: version,
                contentType: contentType,
                arguments: arguments,
                digest: JobCodec.digest(arguments),
                deadline: EventLoop.now + deadline
            )
        )
        let region = self.configuration.primaryRegion
        let progress = await withTaskCancellationHandler {
            await pending.waitRegardless(for: .identified)
        } onCancel: {
            self.core.cancel(pending.handle)
        }
        guard let id = progress.id else { throw JobEnding(progress, of: pending, region: region).makeError() }
        return RawJobHandle(id: id, pending: pending, core: self.core, region: region)
    }
}
