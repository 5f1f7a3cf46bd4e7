import Foundation
import Logging
import WherryBroker
import WherryCluster
import WherryMigrations
import WherryPostgres

/// Two regions for development: a primary and a broker here, a replica there, and between them a network that takes its time.
final class DevRegions: Sendable {
    /// What apps and workers need to know.
    let environment: DevEnvironment
    private let cluster: Cluster
    /// The way from the replica's region to the broker.
    private let crossing: WANProxy
    /// Ends only when it is cancelled, or when the broker fails.
    private let broker: Task<Void, any Error>

    /// Every database of a project is called so.
    private static let database = "app"
    /// Where the broker listens if nothing else is wished: the port of all examples.
    static let usualBrokerPort = 7400

    /// What to start.
    struct Plan: Sendable {
        var primary: String
        var replica: String
        var roundTrip: Duration
        /// Where the broker has to listen; `nil`: where it did last, or the usual port, or any other that is free.
        var brokerPort: Int?
    }

    private init(environment: DevEnvironment, cluster: Cluster, crossing: WANProxy, broker: Task<Void, any Error>) {
        self.environment = environment
        self.cluster = cluster
        self.crossing = crossing
        self.broker = broker
    }

    /// Starts all of it, on the data of the last run if there are any, and keeps in the folder's state what the next run has to know.
    ///
    /// - Precondition: the folder is locked.
    static func start(_ plan: Plan, in folder: DevFolder, logger: Logger) async throws -> DevRegions {
        var state = folder.state() ?? DevState(primary: plan.primary, replica: plan.replica)
        let link = WANLink(delay: plan.roundTrip / 2)
        var configuration = Cluster.Configuration()
        configuration.primary = plan.primary
        configuration.replicas = [plan.replica]
        configuration.replicationLinks = [plan.replica: link]
        configuration.folder = folder.servers
        configuration.preferredPorts = state.ports
        configuration.takesOver = true
        let cluster = try await Cluster.start(configuration)
        do {
            state.scratch = cluster.primary.socketFolder
            state.boot = Self.boot
            for server in cluster.servers { state.ports[server.name] = server.port }
            try folder.write(state)
            try await Self.prepareDatabase(on: cluster.primary, logger: logger)
            try await cluster.waitUntilCaughtUp()

            let (broker, port) = try await Self.startBroker(plan, last: state.ports[DevState.PortName.broker], logger: logger)
            let crossing = try await Self.startCrossing(to: port, link, last: state.ports[DevState.PortName.crossing])
            state.ports[DevState.PortName.broker] = port
            state.ports[DevState.PortName.crossing] = crossing.port
            try folder.write(state)
            let environment = DevEnvironment(
                primary: plan.primary, replica: plan.replica,
                databases: [
                    plan.primary: cluster.primary.url(database: Self.database), plan.replica: cluster.replica.url(database: Self.database),
                ],
                brokers: [plan.primary: Self.endpoint(port), plan.replica: Self.endpoint(crossing.port)],
                roundTripMilliseconds: plan.roundTrip / .milliseconds(1)
            )
            return DevRegions(environment: environment, cluster: cluster, crossing: crossing, broker: broker)
        } catch {
            await Self.uncancelled { try? await cluster.stop() }
            throw error
        }
    }

    /// Serves until the task is cancelled.
    ///
    /// - Throws: `BrokerError` if the broker ends by itself.
    func run() async throws {
        try await withTaskCancellationHandler {
            try await self.broker.value
        } onCancel: {
            self.broker.cancel()
        }
    }

    /// Stops all of it, also in a task that has been cancelled. The data stay.
    func stop(_ folder: DevFolder) async throws {
        let (cluster, crossing) = (self.cluster, self.crossing)
        folder.removeEnvironment()
        self.broker.cancel()
        // It says goodbye to whoever is there. Why it ended is told by `run`.
        _ = await self.broker.result
        await crossing.stop()
        try await Task { try await cluster.stop() }.value
        if var state = folder.state() {
            state.scratch = nil
            try folder.write(state)
        }
    }

    // MARK: After a crash

    /// How long the servers of a run that was killed may take to shut down.
    private static let patience = Duration.seconds(20)

    /// Waits until whoever clears up after the last run has done so. It would take new servers in the same folders for old ones.
    static func waitForLastRun(_ folder: DevFolder) async throws {
        guard let state = folder.state(), let scratch = state.scratch, state.boot == Self.boot else { return }
        let clock = ContinuousClock()
        let deadline = clock.now + Self.patience
        while FileManager.default.fileExists(atPath: scratch), clock.now < deadline { try await clock.sleep(for: .milliseconds(50)) }
    }

    /// Tells one boot of this machine from another; `nil` where that is not known.
    private static var boot: String? {
        try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    }

    // MARK: Parts

    /// The database, and the schema in it, as `wherry migrate up` and `wherry upkeep` make them.
    private static func prepareDatabase(on primary: PostgresServer, logger: Logger) async throws {
        try await primary.psql(
            "SELECT 'CREATE DATABASE \(Self.database)' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '\(Self.database)') \\gexec"
        )
        let connection = try await PostgresConnection.connect(
            PostgresConfiguration(primary.url(database: Self.database), applicationName: "wherry-dev"), logger: logger)
        let result: Result<Void, any Error>
        do {
            try await Migrator(connection: connection, logger: logger).up()
            // The project may have slept for longer than partitions were made for.
            _ = try await Upkeep(connection: connection, logger: logger).run()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await connection.close()
        try result.get()
    }

    private static func startBroker(_ plan: Plan, last: Int?, logger: Logger) async throws -> (
        Task<Void, any Error>, port: Int
    ) {
        // A port that is asked for has to be that one; the others are wishes.
        let candidates = plan.brokerPort.map { ["\($0)"] } ?? [last ?? Self.usualBrokerPort, Self.usualBrokerPort].map(String.init) + ["*"]
        var failure: (any Error)?
        for candidate in candidates {
            let broker = Broker(
                configuration: BrokerConfiguration(region: plan.primary, binds: ["tcp://127.0.0.1:\(candidate)"]), logger: logger)
            do {
                let running = Task { try await broker.run() }
                guard let port = try await broker.endpoints.first?.split(separator: ":").last.flatMap({ Int($0) }) else { continue }
                return (running, port)
            } catch let error as BrokerError where error.isRetryable {
                failure = error
            }
        }
        throw failure ?? ToolError(.unavailable, "no port is free for the broker")
    }

    private static func startCrossing(to port: Int, _ link: WANLink, last: Int?) async throws -> WANProxy {
        if let last, let proxy = try? await WANProxy.start(target: port, link: link, port: last) { return proxy }
        return try await WANProxy.start(target: port, link: link)
    }

    private static func endpoint(_ port: Int) -> String { "tcp://127.0.0.1:\(port)" }

    private static func uncancelled(_ body: @escaping @Sendable () async -> Void) async {
        await Task { await body() }.value
    }
}
