import Logging
import Synchronization
public import Wherry
import WherryCore
public import WherryJobs
import WherryWire

/// Answers jobs by closures, without any server: for unit tests of code that calls them.
///
/// ```swift
/// let stubs = JobStubs()
/// stubs.answer(CreateItems.self) { job in job.ids.count }
/// try await stubs.withClient { client in
///     #expect(try await importItems([1, 2], with: client) == 2)       // your code
/// }
/// #expect(stubs.jobs(CreateItems.self).map(\.ids) == [[1, 2]])
/// ```
///
/// Arguments, outputs and failures are encoded and decoded as on the wire, deadlines and cancellation work, and a job that has no stub fails with
/// `unknownJob`. There is no database: `read` throws `misconfigured`. What your handlers do to one is tried by
/// `Handlers.rehearse(_:on:inspect:)` and in ``TestRegions``.
public final class JobStubs: Sendable {
    private struct State {
        var stubs: [Offer: StubRunner.Stub] = [:]
        var calls: [(offer: Offer, arguments: [UInt8])] = []
    }

    private let state = Locked(State())

    /// No stubs yet.
    public init() {}

    /// Answers a job by a closure; the last one given for a job counts.
    ///
    /// - Parameters:
    ///   - job: the job's type.
    ///   - body: returns the job's output. What it throws becomes the job's failure; a `JobFailure` carries a payload along.
    public func answer<J: Job>(_ job: J.Type, _ body: @escaping @Sendable (J) async throws -> J.Output) {
        let offer = J.offer
        let stub: StubRunner.Stub = { [weak self] arguments in
            self?.state.withLock { $0.calls.append((offer, arguments)) }
            let job = try JobCodec.decode(J.self, from: arguments)
            return try JobCodec.encode(try await body(job))
        }
        self.state.withLock { $0.stubs[offer] = stub }
    }

    /// Lets a job without output succeed.
    ///
    /// - Parameter job: the job's type.
    public func accept<J: Job>(_ job: J.Type) where J.Output == NoOutput {
        self.answer(job) { _ in NoOutput() }
    }

    /// The jobs of a type that were answered, in their order, as they arrived.
    ///
    /// - Parameter job: the job's type.
    public func jobs<J: Job>(_ job: J.Type) -> [J] {
        let calls = self.state.withLock { $0.calls }
        return calls.filter { $0.offer == J.offer }.compactMap { try? JobCodec.decode(J.self, from: $0.arguments) }
    }

    /// Runs a client whose jobs these stubs answer, for the time of a closure.
    ///
    /// - Parameters:
    ///   - region: where the client believes to be. Default: `test`.
    ///   - body: what to do with it.
    /// - Returns: what the closure returns.
    /// - Throws: what the closure throws.
    public func withClient<Result: Sendable>(region: String = "test", _ body: (WherryClient) async throws -> Result) async throws -> Result
    {
        let logger = Logger(label: "wherry.stubs") { _ in SwiftLogNoOpLogHandler() }
        let runner = StubRunner(self.state.withLock { $0.stubs })
        let client = try WherryClient(stubs: runner, region: region, logger: logger)
        return try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await client.run() }
            defer { client.shutdown() }
            return try await body(client)
        }
    }
}
