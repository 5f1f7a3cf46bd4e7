public import WherryJobs
public import WherryPostgres

/// The client's own methods, on behalf of the session.
extension Session {
    /// Runs a job at the primary, once, and waits until the replica here shows what it did; see ``WherryClient/call(_:key:deadline:)``.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments.
    ///   - key: an idempotency key.
    ///   - deadline: how long it may take, until it is visible here.
    /// - Returns: the handler's output.
    /// - Throws: ``JobError``.
    @discardableResult
    public func call<J: Job>(_ job: J, key: String? = nil, deadline: Duration? = nil) async throws(JobError) -> J.Output {
        try await self.record.bind { () async throws(JobError) -> J.Output in
            try await self.client.call(job, key: key, deadline: deadline)
        }
    }

    /// Hands a job over, and returns as soon as it has its id; see ``WherryClient/submit(_:key:deadline:)``. Once it has committed, the session's
    /// reads wait for it, whether its handle is asked or not.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments.
    ///   - key: an idempotency key.
    ///   - deadline: as in ``call(_:key:deadline:)``.
    /// - Returns: what tells of it from now on.
    /// - Throws: ``JobError`` if it was not taken.
    public func submit<J: Job>(_ job: J, key: String? = nil, deadline: Duration? = nil) async throws(JobError) -> JobHandle<J.Output> {
        try await self.record.bind { () async throws(JobError) -> JobHandle<J.Output> in
            try await self.client.submit(job, key: key, deadline: deadline)
        }
    }

    /// Runs a region job, which sees at least all that this session wrote or saw; see ``WherryClient/call(_:in:deadline:)``. What it saw goes into
    /// ``token``.
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

    /// Runs one statement at the primary, and waits until the replica here shows what it did; see ``WherryClient/execute(_:deadline:)``.
    ///
    /// - Parameters:
    ///   - statement: any statement that may stand in a transaction.
    ///   - deadline: how long it may take, until it is visible here.
    /// - Returns: how many rows it touched.
    /// - Throws: ``JobError``.
    @discardableResult
    public func execute(_ statement: SQL, deadline: Duration? = nil) async throws(JobError) -> Int {
        try await self.record.bind { () async throws(JobError) -> Int in
            try await self.client.execute(statement, deadline: deadline)
        }
    }

    /// Runs one statement at the primary, waits until the replica here shows what it did, and decodes its rows column by column, as the client's
    /// own does.
    ///
    /// - Parameters:
    ///   - statement: with a RETURNING clause, for example.
    ///   - type: what its columns are read as: `(Int, String?).self`, or `Int.self` for one column.
    ///   - deadline: how long it may take, until it is visible here.
    /// - Returns: its rows.
    /// - Throws: ``JobError``.
    public func execute<each Column: PostgresDecodable>(
        _ statement: SQL,
        as type: (repeat each Column).Type,
        deadline: Duration? = nil
    ) async throws(JobError) -> [(repeat each Column)] {
        try await self.record.bind { () async throws(JobError) -> [(repeat each Column)] in
            try await self.client.execute(statement, as: type, deadline: deadline)
        }
    }

    /// Runs one statement at the primary, waits until the replica here shows what it did, and decodes its rows as structs, by the names of their
    /// coding keys.
    ///
    /// - Parameters:
    ///   - statement: with a RETURNING clause, for example.
    ///   - type: what a row is read as.
    ///   - deadline: how long it may take, until it is visible here.
    /// - Returns: its rows.
    /// - Throws: ``JobError``.
    @_disfavoredOverload
    public func execute<Value: Decodable>(
        _ statement: SQL,
        as type: Value.Type,
        deadline: Duration? = nil
    ) async throws(JobError) -> [Value] {
        try await self.record.bind { () async throws(JobError) -> [Value] in
            try await self.client.execute(statement, as: type, deadline: deadline)
        }
    }
}
