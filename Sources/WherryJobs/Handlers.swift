public import WherryPostgres
package import WherryWire

/// What a worker can do: a handler for each job by name and version.
///
/// A value: build it once, give it to a worker, to a client that runs jobs inline, or to a test.
public struct Handlers: Sendable {
    private var byOffer: [Offer: Handler] = [:]

    /// No handlers yet.
    public init() {}

    /// Adds the handler of a job.
    ///
    /// The body runs inside the job's transaction, which commits when it returns. It may run more than once. What it throws becomes the
    /// job's failure; a ``JobFailure`` carries a payload along.
    ///
    /// - Parameters:
    ///   - job: the job's type. A second handler for the same name and version is a programmer's mistake and traps.
    ///   - options: isolation level and limits.
    ///   - body: gets the job and its transaction, returns the job's output.
    @_disfavoredOverload  // Else a closure of several statements that returns nothing fits this as well as the one for jobs without output.
    public mutating func handle<J: Job>(
        _ job: J.Type, options: HandlerOptions = HandlerOptions(),
        _ body: @escaping @Sendable (J, Transaction) async throws -> J.Output
    ) {
        self.add(Handler(job, options: options) { job, transaction, _ in try await body(job, transaction) })
    }

    /// Adds the handler of a job; its body also gets the ``JobContext``.
    ///
    /// - Parameters:
    ///   - job: the job's type. A second handler for the same name and version is a programmer's mistake and traps.
    ///   - options: isolation level and limits.
    ///   - body: gets the job, its transaction and its context, returns the job's output.
    @_disfavoredOverload
    public mutating func handle<J: Job>(
        _ job: J.Type, options: HandlerOptions = HandlerOptions(),
        _ body: @escaping @Sendable (J, Transaction, JobContext) async throws -> J.Output
    ) {
        self.add(Handler(job, options: options, body))
    }

    /// Adds the handler of a job without output: its body returns nothing.
    ///
    /// - Parameters:
    ///   - job: the job's type. A second handler for the same name and version is a programmer's mistake and traps.
    ///   - options: isolation level and limits.
    ///   - body: gets the job and its transaction.
    public mutating func handle<J: Job>(
        _ job: J.Type, options: HandlerOptions = HandlerOptions(),
        _ body: @escaping @Sendable (J, Transaction) async throws -> Void
    ) where J.Output == NoOutput {
        self.add(
            Handler(job, options: options) { job, transaction, _ in
                try await body(job, transaction)
                return NoOutput()
            })
    }

    /// Adds the handler of a job without output; its body also gets the ``JobContext``.
    ///
    /// - Parameters:
    ///   - job: the job's type. A second handler for the same name and version is a programmer's mistake and traps.
    ///   - options: isolation level and limits.
    ///   - body: gets the job, its transaction and its context.
    public mutating func handle<J: Job>(
        _ job: J.Type, options: HandlerOptions = HandlerOptions(),
        _ body: @escaping @Sendable (J, Transaction, JobContext) async throws -> Void
    ) where J.Output == NoOutput {
        self.add(
            Handler(job, options: options) { job, transaction, context in
                try await body(job, transaction, context)
                return NoOutput()
            })
    }

    /// What there are handlers for, sorted by name and version.
    package var offers: [Offer] {
        self.byOffer.keys.sorted { ($0.name, $0.version, $0.isRegionJob ? 1 : 0) < ($1.name, $1.version, $1.isRegionJob ? 1 : 0) }
    }

    /// The handler for a name and version.
    package func handler(name: String, version: Int, isRegionJob: Bool = false) -> Handler? {
        self.byOffer[Offer(name: name, version: version, isRegionJob: isRegionJob)]
    }

    mutating func add(_ handler: Handler) {
        let offer = handler.offer
        precondition((1...200).contains(offer.name.utf8.count), "the job name '\(offer.name)' must have 1 to 200 UTF-8 bytes")
        precondition(offer.version >= 1, "the version of job '\(offer.name)' must be at least 1")
        precondition(self.byOffer[offer] == nil, "job '\(offer.name)' version \(offer.version) has a handler already")
        self.byOffer[offer] = handler
    }
}
