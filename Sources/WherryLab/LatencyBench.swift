import Logging
import ServiceLifecycle
import Wherry
import WherryBroker
import WherryCluster
import WherryEventLoop
import WherryMigrations
import WherryPostgres
import WherryWorker
import WherryZeroMQ

/// Inserts one row.
private struct AddRow: Job {
    static let name = "lab.add-row"
    var number: Int
}

/// A call, as its caller timed it and as its handle did.
struct TimedCall {
    let total: Duration
    let legs: JobTimings
}

/// Two regions with a broker, a worker and a client, and two plain connections for the floor.
actor LatencyBench {
    private let cluster: Cluster
    private let proxies: [WANProxy]
    private let client: WherryClient
    private let groups: [ServiceGroup]
    private let tasks: [Task<Void, any Error>]
    private let loops: [EventLoop]
    private let primary: PostgresConnection
    private let replica: PostgresConnection
    private var lastNumber = 0

    private init(
        cluster: Cluster, proxies: [WANProxy], client: WherryClient, groups: [ServiceGroup], tasks: [Task<Void, any Error>],
        loops: [EventLoop], primary: PostgresConnection, replica: PostgresConnection
    ) {
        self.cluster = cluster
        self.proxies = proxies
        self.client = client
        self.groups = groups
        self.tasks = tasks
        self.loops = loops
        self.primary = primary
        self.replica = replica
    }

    static func start(roundTrip: Duration) async throws -> LatencyBench {
        var logger = Logger(label: "wherry-lab")
        logger.logLevel = .warning
        let cluster = try await Cluster.start()
        let primaryURL = PostgresConfiguration(cluster.primary.url())
        let setUp = try await PostgresConnection.connect(primaryURL, logger: logger)
        try await Migrator(connection: setUp, logger: logger).up()
        _ = try await setUp.query("CREATE TABLE rows (number bigint PRIMARY KEY)")
        await setUp.close()
        try await cluster.waitUntilCaughtUp()

        let loops = [EventLoop(name: "broker"), EventLoop(name: "client")]
        let broker = Broker(
            configuration: BrokerConfiguration(region: "syd", binds: ["tcp://127.0.0.1:*"]), logger: logger, loop: loops[0],
            context: .shared)
        var groups = [Self.group(broker, logger: logger)]
        var tasks = groups.map { group in Task { try await group.run() } }
        let endpoint = try await broker.endpoints[0]

        var proxies: [WANProxy] = []
        var (farBroker, farPrimary) = (endpoint, primaryURL)
        if roundTrip > .zero {
            let link = WANLink(delay: roundTrip / 2)
            let port = endpoint.split(separator: ":").last.flatMap { Int($0) } ?? 0
            for target in [port, cluster.primary.port, cluster.primary.port] {
                proxies.append(try await WANProxy.start(target: target, link: link))
            }
            farBroker = "tcp://127.0.0.1:\(proxies[0].port)"
            var connection = cluster.primary.connection()
            connection.port = proxies[1].port
            farPrimary = PostgresConfiguration(connection.url)
            try await cluster.replica.follow(cluster.primary, through: proxies[2].port)
            try await cluster.replica.waitUntilStreaming()
        }

        var handlers = Handlers()
        handlers.handle(AddRow.self) { job, transaction in
            try await transaction.execute("INSERT INTO rows VALUES (\(job.number))")
        }
        let worker = Worker(
            handlers: handlers,
            configuration: Worker.Configuration(region: "syd", brokers: [endpoint], database: primaryURL),
            logger: logger
        )
        let replicaURL = PostgresConfiguration(cluster.replica.url())
        let client = try WherryClient(
            WherryClient.Configuration(region: "lax", primaryRegion: "syd", brokers: [farBroker], database: replicaURL),
            loop: loops[1], context: .shared, logger: logger
        )
        for group in [Self.group(worker, logger: logger), Self.group(client, logger: logger)] {
            groups.append(group)
            tasks.append(Task { try await group.run() })
        }
        return LatencyBench(
            cluster: cluster, proxies: proxies, client: client, groups: groups, tasks: tasks, loops: loops,
            primary: try await .connect(farPrimary, logger: logger), replica: try await .connect(replicaURL, logger: logger)
        )
    }

    private static func group(_ service: some Service, logger: Logger) -> ServiceGroup {
        ServiceGroup(configuration: .init(services: [.init(service: service)], logger: logger))
    }

    /// Calls the job again and again.
    func timeCalls(_ count: Int) async throws -> [TimedCall] {
        var times: [TimedCall] = []
        for _ in 0..<count {
            self.lastNumber += 1
            let job = AddRow(number: self.lastNumber)
            let start = ContinuousClock.now
            let handle = try await self.client.submit(job)
            _ = try await handle.value
            times.append(TimedCall(total: start.duration(to: .now), legs: handle.timings))
        }
        return times
    }

    /// Inserts a row and polls the replica for it, again and again.
    func timeFloor(_ count: Int) async throws -> [Duration] {
        var times: [Duration] = []
        for _ in 0..<count {
            self.lastNumber += 1
            let number = self.lastNumber
            let start = ContinuousClock.now
            _ = try await self.primary.query("INSERT INTO rows VALUES (\(number))")
            while try await self.replica.query("SELECT FROM rows WHERE number = \(number)").rows.isEmpty {}
            times.append(start.duration(to: .now))
        }
        return times
    }

    /// Ends everything and removes the servers.
    func stop() async {
        await self.primary.close()
        await self.replica.close()
        for group in self.groups.reversed() { await group.triggerGracefulShutdown() }
        for task in self.tasks.reversed() { _ = await task.result }
        for loop in self.loops { await loop.shutdown() }
        for proxy in self.proxies { await proxy.stop() }
        // What is left, the cluster's reaper removes when this process ends.
        try? await self.cluster.stop()
    }
}
