import Foundation
import WherryCore
public import WherryJobs
import WherryWire

extension WherryClient {
    /// The region that this application runs in.
    public var region: String { self.configuration.region }

    /// The region of the primary: where write jobs run.
    public var primaryRegion: String { self.configuration.primaryRegion }

    /// Whether this application runs in the primary's region.
    public var isPrimary: Bool { self.region == self.primaryRegion }

    /// Runs a region job in a region, at most once unless it is idempotent, and waits for its output.
    ///
    /// What it reads there is at least as new as everything that this client has waited for. Cancelling the task cancels the job where it still
    /// waits; if it runs already, its end is not waited for.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments.
    ///   - region: where it runs: a region that ``Configuration/brokers`` has an entry for.
    ///   - deadline: how long it may take; ``Configuration/deadline`` by default.
    /// - Returns: the handler's output.
    /// - Throws: ``JobError``: `regionJobLost` if whoever had it died, and nobody knows whether it ran; `unknownRegion` if no broker of that
    ///   region is configured; all that a write job throws but for what tells of commits.
    @discardableResult
    public func call<J: RegionJob>(_ job: J, in region: String, deadline: Duration? = nil) async throws(JobError) -> J.Output {
        try await self.call(job, in: region, token: self.knownToCaller, deadline: deadline)
    }

    /// Hands a region job over, and returns at once.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments.
    ///   - region: as in ``call(_:in:deadline:)``.
    ///   - deadline: as in ``call(_:in:deadline:)``.
    /// - Returns: what tells of it from now on. Its `committed` is the position that the job's reads had reached in its region, once it has ended.
    /// - Throws: ``JobError`` if it was not taken: `unknownRegion`, `overloaded`, `tooLarge`, `unencodableArguments`, `clientClosed`.
    public func submit<J: RegionJob>(_ job: J, in region: String, deadline: Duration? = nil) async throws(JobError) -> JobHandle<J.Output> {
        try await self.submit(job, in: region, token: self.knownToCaller, deadline: deadline)
    }

    /// What a region job must see at least: all that the session wrote or saw on whose behalf it is called, or all that this client has waited for.
    private var knownToCaller: CausalToken? { (SessionRecord.current ?? self.record).token }

    /// - Parameter token: what its reads must see at least.
    package func call<J: RegionJob>(
        _ job: J, in region: String, token: CausalToken?, deadline: Duration?
    ) async throws(JobError) -> J.Output {
        let pending = try self.start(job, deadline: deadline, target: Self.target(job, region, token))
        let progress = await withTaskCancellationHandler {
            await pending.waitRegardless(for: .ended)
        } onCancel: {
            self.core.cancel(pending.handle)
        }
        return try JobEnding(progress, of: pending, region: region).output()
    }

    /// - Parameter token: what its reads must see at least.
    package func submit<J: RegionJob>(
        _ job: J, in region: String, token: CausalToken?, deadline: Duration?
    ) async throws(JobError) -> JobHandle<J.Output> {
        let pending = try self.start(job, deadline: deadline, target: Self.target(job, region, token))
        let progress = await withTaskCancellationHandler {
            await pending.waitRegardless(for: .identified)
        } onCancel: {
            self.core.cancel(pending.handle)
        }
        guard let id = progress.id else { throw JobEnding(progress, of: pending, region: region).makeError() }
        return JobHandle(id: id, pending: pending, core: self.core, region: region)
    }

    private static func target<J: RegionJob>(_: J, _ region: String, _ token: CausalToken?) -> ClientMachine.Target {
        let now = Int64(Date.now.timeIntervalSince1970 * 1_000)
        return .region(
            ClientMachine.RegionCall(region: region, isIdempotent: J.isIdempotent, waitFor: token, unixMilliseconds: max(0, now)))
    }
}
