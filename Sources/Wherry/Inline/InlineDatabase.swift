import Logging
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryMigrations
import WherryPostgres
import WherryWire

/// Runs inline jobs on the primary database: as a worker does, by the same `JobRunner`, on connections of its own.
struct InlineDatabase: InlineRunner {
    private let upkeepInterval: Duration?
    /// Jobs run on these connections, one each.
    private let jobPool: PostgresPool
    /// Fences and questions to the primary must not wait for jobs.
    private let controlPool: PostgresPool
    private let jobs: JobRunner
    private let control: JobRunner
    private let migration: StartMigration
    private let logger: Logger
    let offers: [Offer]

    /// How many connections fences, questions and upkeep share.
    private static let controlConnections = 3

    init(_ configuration: WherryClient.Configuration, handlers: Handlers, loop: EventLoop, logger: Logger) {
        func pool(_ connections: Int) -> PostgresPool {
            var limits = PostgresPool.Limits()
            limits.maximumConnections = connections
            let database = configuration.primaryDatabase ?? configuration.database
            return PostgresPool(PostgresPool.Configuration(database, limits: limits), loop: loop, logger: logger)
        }
        self.offers = handlers.offers
        self.logger = logger
        self.upkeepInterval = configuration.upkeepInterval
        self.jobPool = pool(configuration.concurrency)
        self.controlPool = pool(Self.controlConnections)
        let runner = JobRunner.Configuration(region: configuration.region)
        self.jobs = JobRunner(handlers: handlers, pool: self.jobPool, configuration: runner, logger: logger)
        self.control = JobRunner(handlers: handlers, pool: self.controlPool, configuration: runner, logger: logger)
        self.migration = StartMigration(isWanted: configuration.migratesSchema, pool: self.controlPool, logger: logger)
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.jobPool.run() }
            group.addTask { await self.controlPool.run() }
            group.addTask {
                // What keeps it from migrating is told by `checkPrimary`, which tries again.
                guard (try? await self.migration.run()) != nil else { return }
                await UpkeepLoop(interval: self.upkeepInterval, pool: self.controlPool, logger: self.logger).run()
            }
        }
    }

    func checkPrimary() async -> InlineMachine.PrimaryCheck {
        do throws(MigrationError) {
            try await self.migration.run()
        } catch {
            if error.code == .standby { return .unusable(Self.standbyAdvice) }
            return error.isPassing ? .unreachable("\(error)") : .unusable("\(error)")
        }
        do throws(PostgresError) {
            return .primary(try await self.control.primaryStatus())
        } catch {
            if error.sqlState == Judgement.Raised.standby { return .unusable(Self.standbyAdvice) }
            return error.isRetryable || error.isConnectionLost ? .unreachable("\(error)") : .unusable(Judgement.explain(error))
        }
    }

    private static let standbyAdvice =
        "jobs run in this process, but its database is a standby: set primaryDatabase (WHERRY_PRIMARY_DATABASE_URL) to the primary"

    func run(
        _ request: Request, receivedAt: MonotonicInstant, stop: JobStop, onProgress: @escaping @Sendable (Partial) -> Void,
        onRunning: @escaping @Sendable () -> Void
    ) async -> JobEnd {
        await self.jobs.run(request, receivedAt: receivedAt, stop: stop, onProgress: onProgress, onRunning: onRunning)
    }

    func fence(_ fence: Fence, receivedAt: MonotonicInstant) async -> JobEnd {
        await self.control.fence(fence, receivedAt: receivedAt)
    }

    func position(in epoch: Epoch) async -> CausalToken? {
        try? await self.control.position(in: epoch)
    }
}
