public import Logging
public import ServiceLifecycle
import Synchronization
import WherryCore
package import WherryEventLoop
public import WherryJobs
import WherryPostgres
import WherryWire
package import WherryZeroMQ

/// What an application in any region has: it sends write jobs to the primary's region, and reads from the replica beside it.
///
/// ```swift
/// let client = try WherryClient(.fromEnvironment())
/// // client.run() as a service of your ServiceGroup; then, anywhere:
/// let created = try await client.call(CreateItems(ids: ids))      // committed at the primary, visible here
/// let items = try await client.read { db in try await db.query("SELECT …", as: Item.self) }
/// ```
///
/// One client per process is enough, and cheapest: its connections, its pool and its replay notifier are shared by all callers. Jobs called
/// before ``run()`` wait for it, up to their deadline; after the shutdown they fail with `clientClosed`.
public final class WherryClient: Service {
    let configuration: Configuration
    let core: ClientCore
    let pool: PostgresPool
    let reads: LocalReads
    /// The client is a session itself.
    let record = SessionRecord()
    private let hasRun = Locked(false)
    private let inline: InlineHost?
    private let loop: EventLoop
    private let logger: Logger
    private let lastHandle = Locked<UInt64>(0)

    /// Makes a client; ``run()`` starts it.
    ///
    /// Given handlers, a client in the primary's region runs its jobs in its own process, on connections of its own to the primary: with
    /// receipts, deadlines and fences as everywhere, without brokers and workers. Elsewhere, and without handlers, jobs go to brokers; so the
    /// same application, with its handlers at hand, fits one machine and many regions.
    ///
    /// - Parameters:
    ///   - configuration: where its brokers and its database are.
    ///   - handlers: what it can run itself.
    ///   - logger: where it reports what it cannot throw.
    /// - Throws: ``JobError`` with the code `misconfigured`, which says what to change.
    public convenience init(
        _ configuration: Configuration, handlers: Handlers? = nil, logger: Logger = Logger(label: "wherry.client")
    ) throws(JobError) {
        try self.init(configuration, handlers: handlers, loop: .shared, context: .shared, logger: logger)
    }

    package convenience init(
        _ configuration: Configuration, handlers: Handlers? = nil, loop: EventLoop, context: ZeroMQContext,
        resolver: any HostResolver = SystemHostResolver(), logger: Logger
    ) throws(JobError) {
        let handlers = configuration.region == configuration.primaryRegion ? handlers : nil
        let runner = handlers.map { InlineDatabase(configuration, handlers: $0, loop: loop, logger: logger) }
        try self.init(configuration, runner: runner, loop: loop, context: context, resolver: resolver, logger: logger)
    }

    /// - Parameter runner: runs write jobs in this process, in the place of the primary's brokers.
    package init(
        _ configuration: Configuration, runner: (any InlineRunner)?, loop: EventLoop = .shared, context: ZeroMQContext = .shared,
        resolver: any HostResolver = SystemHostResolver(), logger: Logger
    ) throws(JobError) {
        try configuration.validate(isInline: runner != nil)
        self.configuration = configuration
        self.loop = loop
        var logger = logger
        logger[metadataKey: LogKey.region] = "\(configuration.region)"
        self.logger = logger
        var database = configuration.database
        // The server enforces that reads are reads, whatever the role may do.
        database.sessionSettings["default_transaction_read_only"] = "on"
        self.inline = runner.map { runner in
            let region = configuration.primaryRegion
            return InlineHost(runner: runner, region: region, concurrency: configuration.concurrency, loop: loop, logger: logger)
        }
        self.core = ClientCore(
            configuration.machine(isInline: runner != nil),
            notifier: ReplayNotifier(database: database, loop: loop, logger: logger),
            inline: self.inline,
            loop: loop,
            context: context,
            resolver: resolver,
            logger: logger
        )
        var limits = PostgresPool.Limits()
        limits.maximumConnections = configuration.maximumReadConnections
        self.pool = PostgresPool(PostgresPool.Configuration(database, limits: limits), loop: loop, logger: logger)
        self.reads = LocalReads(pool: self.pool, core: self.core, loop: loop, region: configuration.region, logger: logger)
    }

    /// Keeps the client going until it is told to stop; then takes nothing new, gives what is pending ``Configuration/drainLimit`` to end, fails
    /// the rest with `clientClosed`, and closes everything.
    ///
    /// It stops at ``shutdown()``, at a graceful shutdown of its service group, and, without patience for pending jobs, when its task is
    /// cancelled.
    ///
    /// - Throws: ``JobError`` with the code `misconfigured` if it is called twice.
    public func run() async throws {
        let isSecond = self.hasRun.withLock { hasRun in
            defer { hasRun = true }
            return hasRun
        }
        if isSecond {
            let message = "run() was called twice: a client runs once; give it to one service group, and make another client for another"
            throw JobError(.misconfigured, message, region: self.configuration.region)
        }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await withDiscardingTaskGroup { group in
                    group.addTask { await self.core.notifier.run() }
                    group.addTask { await self.pool.run() }
                    if let inline { group.addTask { await inline.run() } }
                    await self.core.run()
                    await self.inline?.shutdown()
                    await self.core.notifier.shutdown()
                    await self.pool.shutdown()
                }
            } onGracefulShutdown: {
                self.shutdown()
            }
        } onCancel: {
            self.core.shutdown(within: .zero)
        }
    }

    /// Tells the client to stop; ``run()`` returns when it has. Idempotent, and fine before `run()`.
    public func shutdown() {
        self.core.shutdown(within: self.configuration.drainLimit)
    }

    /// Runs a client for the time of a closure: for scripts and tests.
    ///
    /// - Parameters:
    ///   - configuration: where its brokers and its database are; by default what the environment says.
    ///   - handlers: what it can run itself, in the primary's region.
    ///   - logger: where it reports what it cannot throw.
    ///   - body: what to do with it.
    /// - Throws: what the closure throws; ``JobError`` with the code `misconfigured`.
    public static func withClient<Result: Sendable>(
        _ configuration: Configuration? = nil,
        handlers: Handlers? = nil,
        logger: Logger = Logger(label: "wherry.client"),
        _ body: (WherryClient) async throws -> Result
    ) async throws -> Result {
        let client = try WherryClient(configuration ?? .fromEnvironment(logger: logger), handlers: handlers, logger: logger)
        return try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await client.run() }
            defer { client.shutdown() }
            return try await body(client)
        }
    }

    // MARK: Submitting

    /// Encodes a job and puts it into the pending table.
    func start<J: JobBase>(_ job: J, deadline: Duration?, target: ClientMachine.Target = .primary) throws(JobError) -> PendingJob {
        let deadline = deadline ?? self.configuration.deadline
        guard deadline > .zero, deadline <= self.configuration.maximumDeadline else {
            let message = "the deadline is \(deadline); it must be more than zero and at most \(self.configuration.maximumDeadline)"
            throw JobError(.misconfigured, "\(message) (maximumDeadline)", jobName: J.name)
        }
        let arguments: [UInt8]
        do {
            arguments = try JobCodec.encode(job)
        } catch {
            throw JobError(.unencodableArguments, "the arguments cannot be encoded as JSON: \(error)", jobName: J.name, cause: error)
        }
        let handle = self.lastHandle.withLock { last in
            last += 1
            return ClientMachine.Handle(rawValue: last)
        }
        let pending = PendingJob(
            handle: handle, name: J.name,
            tokens: TokenSink(client: self.record, session: SessionRecord.current, reads: self.reads))
        let submission = ClientMachine.Submission(
            name: J.name,
            version: J.version,
            contentType: JobCodec.contentType,
            arguments: arguments,
            digest: JobCodec.digest(arguments),
            deadline: self.loop.now + deadline,
            target: target
        )
        self.core.submit(pending, submission)
        return pending
    }
}
