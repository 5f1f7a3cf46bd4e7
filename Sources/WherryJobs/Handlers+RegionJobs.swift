public import WherryPostgres
import WherryWire

extension Handlers {
    /// Adds the handler of a region job.
    ///
    /// The body gets a transaction on the worker's own database that the server keeps read-only, begun once that database shows all that the
    /// job's caller has seen. It runs at most once, unless the job is marked ``RegionJob/isIdempotent``. What it throws becomes the job's failure;
    /// a ``JobFailure`` carries a payload along.
    ///
    /// - Parameters:
    ///   - job: the job's type. A second handler for the same name and version is a programmer's mistake and traps.
    ///   - options: isolation level and limits.
    ///   - body: gets the job and the database to read from, returns the job's output.
    @_disfavoredOverload
    public mutating func handle<J: RegionJob>(
        _ job: J.Type, options: HandlerOptions = HandlerOptions(),
        _ body: @escaping @Sendable (J, Transaction) async throws -> J.Output
    ) {
        self.handle(job, options: options) { job, database, _ in try await body(job, database) }
    }

    /// Adds the handler of a region job; its body also gets the ``JobContext``.
    ///
    /// - Parameters:
    ///   - job: the job's type. A second handler for the same name and version is a programmer's mistake and traps.
    ///   - options: isolation level and limits.
    ///   - body: gets the job, the database to read from and the job's context, returns the job's output.
    @_disfavoredOverload
    public mutating func handle<J: RegionJob>(
        _ job: J.Type, options: HandlerOptions = HandlerOptions(),
        _ body: @escaping @Sendable (J, Transaction, JobContext) async throws -> J.Output
    ) {
        self.add(Handler(job, offer: job.regionOffer, isIdempotent: job.isIdempotent, options: options, body))
    }

    /// Adds the handler of a region job without output: its body returns nothing.
    ///
    /// - Parameters:
    ///   - job: the job's type. A second handler for the same name and version is a programmer's mistake and traps.
    ///   - options: isolation level and limits.
    ///   - body: gets the job and the database to read from.
    public mutating func handle<J: RegionJob>(
        _ job: J.Type, options: HandlerOptions = HandlerOptions(),
        _ body: @escaping @Sendable (J, Transaction) async throws -> Void
    ) where J.Output == NoOutput {
        self.handle(job, options: options) { job, database, _ in
            try await body(job, database)
            return NoOutput()
        }
    }

    /// Adds the handler of a region job without output; its body also gets the ``JobContext``.
    ///
    /// - Parameters:
    ///   - job: the job's type. A second handler for the same name and version is a programmer's mistake and traps.
    ///   - options: isolation level and limits.
    ///   - body: gets the job, the database to read from and the job's context.
    public mutating func handle<J: RegionJob>(
        _ job: J.Type, options: HandlerOptions = HandlerOptions(),
        _ body: @escaping @Sendable (J, Transaction, JobContext) async throws -> Void
    ) where J.Output == NoOutput {
        self.handle(job, options: options) { job, database, context in
            try await body(job, database, context)
            return NoOutput()
        }
    }
}

extension RegionJob {
    /// Name and version as workers offer them.
    fileprivate static var regionOffer: Offer {
        Offer(name: self.name, version: self.version, isRegionJob: true)
    }
}
