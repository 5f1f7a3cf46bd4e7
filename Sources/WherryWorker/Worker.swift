public import Logging
public import ServiceLifecycle
import WherryBroker
public import WherryJobs
import WherryPostgres
package import WherryZeroMQ

/// Runs jobs beside the primary database: takes them from brokers, runs their handlers in transactions, answers with their outcome.
///
/// ```swift
/// @main struct ItemsWorker {
///     static func main() async throws {
///         var handlers = Handlers()
///         handlers.handle(CreateItems.self) { job, transaction in … }
///         try await Worker(handlers: handlers).run()
///     }
/// }
/// ```
///
/// It keeps no state of its own: run as many as you like, kill any. A job that a worker had is run by another one, and its effect in the
/// database happens once all the same (its receipt sees to that). When it is told to stop it takes no more jobs, gives back those that have
/// not begun, lets the rest finish within ``Configuration/drainLimit``, and leaves.
///
/// Beside a replica it runs region jobs only. So one program with all handlers serves every region; where the primary should be, as
/// ``Configuration/primaryRegion`` says, it does not start on a standby.
public struct Worker: Service {
    private let handlers: Handlers
    private let configuration: Configuration?
    private let resolver: any HostResolver
    private let logger: Logger

    /// Makes a worker; ``run()`` starts it.
    ///
    /// - Parameters:
    ///   - handlers: what it can do.
    ///   - configuration: where its brokers and its database are; by default what the environment says,
    ///     see ``Configuration/fromEnvironment(_:logger:)``.
    ///   - logger: where it reports what it cannot throw.
    public init(handlers: Handlers, configuration: Configuration? = nil, logger: Logger = Logger(label: "wherry.worker")) {
        self.init(handlers: handlers, configuration: configuration, resolver: SystemHostResolver(), logger: logger)
    }

    package init(handlers: Handlers, configuration: Configuration?, resolver: any HostResolver, logger: Logger) {
        self.handlers = handlers
        self.configuration = configuration
        self.resolver = resolver
        self.logger = logger
    }

    /// Runs jobs until the worker is told to stop.
    ///
    /// Called on its own, it ends gracefully on SIGTERM and SIGINT, and a second one hurries it: it waits for nothing any more, hands back what it
    /// has, and ends well. As a service of a `ServiceGroup` it ends when the group says so, and leaves
    /// signals to the group. Cancelling its task ends it as well, without patience for running jobs.
    ///
    /// - Throws: ``WorkerError`` if the configuration makes no sense, or the database cannot be used when the worker starts: it is a standby and there
    ///   are no region jobs to run or the primary should be here, the schema `wherry` is not there, or the role may not use it. A database that does not answer is waited for instead.
    public func run() async throws {
        guard StandaloneService.isInServiceGroup else { return try await StandaloneService.run(self, logger: self.logger) }
        let configuration = try self.configuration ?? .fromEnvironment()
        try configuration.validate()
        var handlers = self.handlers
        if configuration.executesStatements { handlers.offerExecute() }
        let process = try WorkerProcess(handlers: handlers, configuration: configuration, resolver: self.resolver, logger: self.logger)
        try await process.run()
    }
}
