import WherryCore
import WherryEventLoop
public import WherryJobs
import WherryWire

extension WherryClient {
    /// Runs a job at the primary, once, and waits until the replica here shows what it did.
    ///
    /// Cancelling the task cancels the job if it has not committed: a fence then keeps every copy of it from committing, and the error says
    /// `cancelled`. If it was faster, its output is returned, or `notYetVisible` is thrown.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments.
    ///   - key: an idempotency key, 1 to 200 UTF-8 bytes, for example `order-42`: of all jobs that are sent under it from anywhere, one takes
    ///     effect, and all get its output or its failure. The same key for another job or other arguments is an error (`keyConflict`). It is kept
    ///     as long as receipts are; outcomes without effect other than a failure of the handler release it.
    ///   - deadline: how long it may take, until it is visible here; ``Configuration/deadline`` by default. Best effort but for its end: after it a
    ///     fence decides, which takes up to five seconds more.
    /// - Returns: the handler's output.
    /// - Throws: ``JobError``; its ``JobError/code`` says whether the job did anything.
    @discardableResult
    public func call<J: Job>(_ job: J, key: String? = nil, deadline: Duration? = nil) async throws(JobError) -> J.Output {
        let pending = try self.start(job, key: key, deadline: deadline)
        let progress = await withTaskCancellationHandler {
            await pending.waitRegardless(for: .ended)
        } onCancel: {
            self.core.cancel(pending.handle)
        }
        return try JobEnding(progress, of: pending, region: self.configuration.primaryRegion).output()
    }

    /// Hands a job over, and returns as soon as it has its id. It is durable once it has committed, not before: an app that dies takes its unsent
    /// jobs along.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments.
    ///   - key: as in ``call(_:key:deadline:)``.
    ///   - deadline: as in ``call(_:key:deadline:)``.
    /// - Returns: what tells of it from now on.
    /// - Throws: ``JobError`` if it was not taken: `overloaded`, `tooLarge`, `unencodableArguments`, `invalidKey`, `clientClosed`; `neverSent` if nobody told
    ///   the primary's time, which ids are made by, before the deadline.
    public func submit<J: Job>(_ job: J, key: String? = nil, deadline: Duration? = nil) async throws(JobError) -> JobHandle<J.Output> {
        let pending = try self.start(job, key: key, deadline: deadline)
        let region = self.configuration.primaryRegion
        let progress = await withTaskCancellationHandler {
            await pending.waitRegardless(for: .identified)
        } onCancel: {
            self.core.cancel(pending.handle)
        }
        guard let id = progress.id else { throw JobEnding(progress, of: pending, region: region).makeError() }
        return JobHandle(id: id, pending: pending, core: self.core, region: region)
    }

    /// Asks the replica here what became of a job, for example of one whose handle was `undecided`.
    ///
    /// - Parameters:
    ///   - id: the job's id.
    ///   - patience: how long to wait for its receipt; by default 1 s.
    /// - Returns: `nil` if its receipt is not here, which proves nothing: it may be on its way, or the job may yet commit.
    /// - Throws: ``JobError``: `idConflict` if the job is another scope's, `replicaUnavailable`, `misconfigured`; `CancellationError`.
    public func outcome(of id: JobID, patience: Duration = .seconds(1)) async throws -> JobOutcome? {
        switch try await self.core.notifier.wait(for: .receipt(id), until: EventLoop.now + patience) {
        case .receipt(let receipt, let seen):
            guard receipt.job.scope == self.configuration.scope else {
                throw JobError(.idConflict, "the job is of another scope", jobID: id, region: self.configuration.region)
            }
            return JobOutcome(receipt, seen: seen, region: self.configuration.primaryRegion)
        case .failed(let error) where error.code == .timedOut: return nil
        case .failed(let error): throw JobError(error, jobID: id, region: self.configuration.region)
        case .reached, .superseded: return nil
        }
    }
}
