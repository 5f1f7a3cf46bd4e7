public import WherryJobs

/// The client's own methods, on behalf of the session.
extension Session {
    /// Runs a job at the primary, once, and waits until the replica here shows what it did; see ``WherryClient/call(_:deadline:)``.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments.
    ///   - deadline: how long it may take, until it is visible here.
    /// - Returns: the handler's output.
    /// - Throws: ``JobError``.
    @discardableResult
    public func call<J: Job>(_ job: J, deadline: Duration? = nil) async throws(JobError) -> J.Output {
        try await self.record.bind { () async throws(JobError) -> J.Output in try await self.client.call(job, deadline: deadline) }
    }

    /// Hands a job over, and returns as soon as it has its id; see ``WherryClient/submit(_:deadline:)``. Once it has committed, the session's reads wait
    /// for it, whether its handle is asked or not.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments.
    ///   - deadline: as in ``call(_:deadline:)``.
    /// - Returns: what tells of it from now on.
    /// - Throws: ``JobError`` if it was not taken.
    public func submit<J: Job>(_ job: J, deadline: Duration? = nil) async throws(JobError) -> JobHandle<J.Output> {
        try await self.record.bind { () async throws(JobError) -> JobHandle<J.Output> in
            try await self.client.submit(job, deadline: deadline)
        }
    }

    /// Runs a region job in a region, which then shows at least all that this session wrote or saw; see ``WherryClient/call(_:in:deadline:)``.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments.
    ///   - region: where it runs.
    ///   - deadline: how long it may take.
    /// - Returns: the handler's output.
    /// - Throws: ``JobError``.
    @discardableResult
    public func call<J: RegionJob>(_ job: J, in region: String, deadline: Duration? = nil) async throws(JobError) -> J.Output {
        try await self.record.bind { () async throws(JobError) -> J.Output in
            try await self.client.call(job, in: region, deadline: deadline)
        }
    }

    /// Hands a region job over, and returns at once; see ``WherryClient/submit(_:in:deadline:)``.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments.
    ///   - region: where it runs.
    ///   - deadline: how long it may take.
    /// - Returns: what tells of it from now on.
    /// - Throws: ``JobError`` if it was not taken.
    public func submit<J: RegionJob>(_ job: J, in region: String, deadline: Duration? = nil) async throws(JobError) -> JobHandle<J.Output> {
        try await self.record.bind { () async throws(JobError) -> JobHandle<J.Output> in
            try await self.client.submit(job, in: region, deadline: deadline)
        }
    }
}
