import Logging
import ServiceLifecycle
import WherryBroker
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryMigrations
import WherryPostgres
import WherryWire

/// Everything that a running worker consists of: links to brokers, connections to the database, upkeep, and a broker if it has one.
struct WorkerProcess: Sendable {
    private let configuration: Worker.Configuration
    private let logger: Logger
    private let links: WorkerLinks
    private let broker: Broker?
    /// Jobs run on these connections, one each.
    private let jobPool: PostgresPool
    /// Fences, the primary's status and upkeep have connections of their own: they must not wait for jobs.
    private let controlPool: PostgresPool
    private let jobs: JobRunner
    private let control: JobRunner
    private let migration: StartMigration
    private let running = RunningJobs()

    /// How many connections fences and questions to the primary share.
    private static let controlConnections = 4

    init(handlers: Handlers, configuration: Worker.Configuration, logger: Logger) throws {
        var logger = logger
        logger[metadataKey: WorkerLog.Key.region] = "\(configuration.region)"
        self.configuration = configuration
        self.logger = logger

        var endpoints = configuration.brokers
        if var embedded = configuration.broker {
            let endpoint = "inproc://wherry-broker-\(UInt64.random(in: .min ... .max))"
            embedded.binds.append(endpoint)
            endpoints.insert(endpoint, at: 0)
            self.broker = Broker(configuration: embedded, logger: logger)
        } else {
            self.broker = nil
        }

        var settings = WorkerMachine.Settings(
            brokerCount: endpoints.count,
            region: configuration.region,
            offers: handlers.offers,
            concurrency: configuration.concurrency
        )
        settings.drainLimit = configuration.drainLimit
        settings.heartbeatInterval = configuration.heartbeatInterval
        let machine = WorkerMachine(
            settings: settings,
            incarnation: (0..<16).map { _ in .random(in: .min ... .max) },
            seed: .random(in: .min ... .max)
        )
        self.links = WorkerLinks(
            machine: machine,
            endpoints: endpoints,
            maximumPayloadSize: configuration.maximumPayloadSize,
            loop: .shared,
            log: WorkerLog(logger: logger)
        )

        self.jobPool = Self.makePool(configuration, connections: configuration.concurrency, logger: logger)
        self.controlPool = Self.makePool(configuration, connections: Self.controlConnections, logger: logger)
        let runnerConfiguration = JobRunner.Configuration(
            region: configuration.region,
            maximumPayloadSize: configuration.maximumPayloadSize
        )
        self.jobs = JobRunner(handlers: handlers, pool: self.jobPool, configuration: runnerConfiguration, logger: logger)
        self.control = JobRunner(handlers: handlers, pool: self.controlPool, configuration: runnerConfiguration, logger: logger)
        self.migration = StartMigration(isWanted: configuration.migratesSchema, pool: self.controlPool, logger: logger)
    }

    private static func makePool(_ configuration: Worker.Configuration, connections: Int, logger: Logger) -> PostgresPool {
        var limits = PostgresPool.Limits()
        limits.maximumConnections = connections
        return PostgresPool(PostgresPool.Configuration(configuration.database, limits: limits), logger: logger)
    }

    /// Runs until drained.
    func run() async throws {
        let ending = try await withThrowingTaskGroup(of: Void.self) { group in
            if let broker = self.broker { group.addTask { try await self.run(broker) } }
            let ending = await self.serveWithConnections()
            // A broker that was told to stop drains by itself, and other workers may still finish jobs for it.
            if ending != .drained { group.cancelAll() }
            try await group.waitForAll()
            return ending
        }
        switch ending {
        case .drained:
            return
        case .startedOnStandby:
            let region = self.configuration.region
            throw WorkerError(.standby, "this worker's database is a standby, and jobs write: name the primary of region \(region)")
        case .startedOnUnusable(let reason):
            throw WorkerError(.unusableDatabase, reason)
        }
    }

    private func run(_ broker: Broker) async throws {
        do {
            try await broker.run()
        } catch {
            // A worker that was to be reached through it is of no use.
            await self.links.handle(.drainRequested)
            throw error
        }
    }

    private func serveWithConnections() async -> WorkerMachine.Ending {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.jobPool.run() }
            group.addTask { await self.controlPool.run() }
            group.addTask {
                guard (try? await self.migration.run()) != nil else { return }
                await UpkeepLoop(interval: self.configuration.upkeepInterval, pool: self.controlPool, logger: self.logger).run()
            }
            let links = self.links
            let ending = await withTaskCancellationOrGracefulShutdownHandler {
                await self.serve()
            } onCancelOrGracefulShutdown: {
                links.loop.execute { links.assumeIsolated { $0.handle(.drainRequested) } }
            }
            group.cancelAll()
            return ending
        }
    }

    // MARK: Work

    /// Does what the links ask for, until they are through.
    private func serve() async -> WorkerMachine.Ending {
        await self.links.handle(.started)
        await withDiscardingTaskGroup { group in
            for await work in self.links.work {
                switch work {
                case .abandon: group.cancelAll()
                case .cancel(let id): self.running.cancel(id)
                case .run(let request, let receivedAt):
                    // Known before the next CANCEL is read.
                    let stop = self.running.begin(request.job.id)
                    group.addTask { await self.run(request, receivedAt: receivedAt, stop: stop) }
                default: group.addTask { await self.perform(work) }
                }
            }
            group.cancelAll()
        }
        return await self.links.finish()
    }

    private func run(_ request: Request, receivedAt: MonotonicInstant, stop: JobStop) async {
        let links = self.links
        let id = request.job.id
        let end = await self.jobs.run(
            request, receivedAt: receivedAt, stop: stop,
            onProgress: { partial in links.loop.execute { links.assumeIsolated { $0.handle(.progressed(partial)) } } },
            onRunning: { links.loop.execute { links.assumeIsolated { $0.handle(.handlerStarted(id)) } } }
        )
        self.running.end(id, stop)
        await links.handle(.finished(id, end))
    }

    private func perform(_ work: WorkerLinks.Work) async {
        switch work {
        case .fence(let fence, let receivedAt):
            await self.links.handle(.fenced(fence.job.id, await self.control.fence(fence, receivedAt: receivedAt)))
        case .readPosition(let epoch):
            await self.links.handle(.positionRead(try? await self.control.position(in: epoch)))
        case .checkPrimary:
            await self.links.handle(.primaryChecked(await self.checkPrimary()))
        case .run, .cancel, .abandon:
            break
        }
    }

    private func checkPrimary() async -> WorkerMachine.PrimaryCheck {
        do throws(MigrationError) {
            try await self.migration.run()
        } catch {
            if error.code == .standby { return .standby }
            return error.isPassing ? .unreachable("\(error)") : .unusable("\(error)")
        }
        do throws(PostgresError) {
            return .primary(try await self.control.primaryStatus())
        } catch {
            if error.sqlState == Judgement.Raised.standby { return .standby }
            return error.isRetryable || error.isConnectionLost
                ? .unreachable("\(error)") : .unusable(Judgement.explain(error))
        }
    }
}
