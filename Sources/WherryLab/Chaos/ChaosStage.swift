import ChaosJobs
import Foundation
import Logging
import WherryCluster
import WherryMigrations
import WherryPostgres

/// Everybody who takes part in a run: servers, processes, and the proxies between them; and what was noted of them.
///
/// Every node reaches each broker, and its database, by a proxy of its own; every server replicates through one of its own. An address that moves
/// in a failover is a proxy that is led elsewhere.
actor ChaosStage {
    let cast: ChaosCast
    let seed: UInt64
    let programs: ChaosPrograms
    let cluster: Cluster
    /// Where logs go.
    let folder: String

    var primary: PostgresServer
    /// The server that an app reads from.
    var homes: [String: PostgresServer]
    /// By link.
    let links: [String: WANProxy]
    /// By server: its way to the primary.
    let replication: [String: WANProxy]
    let brokerPorts: [String: Int]

    /// By name in the cast.
    var processes: [String: ChaosProcess] = [:]
    /// Names of app processes, each with a log of its own, and whether the run killed it.
    var appRuns: [(name: String, wasKilled: Bool)] = []
    /// Outcomes of receipts that went away with a history that was given up, by job.
    var forked: [String: Set<String>] = [:]
    /// What processes and servers did that they should not have done.
    var complaints: [String] = []
    var promotions: [ChaosPromotion] = []
    var isEnding = false

    static let database = "chaos"
    /// The region of whatever stands beside the primary.
    static let region = "syd"
    private static let ocean = WANLink(delay: .milliseconds(8), jitter: .milliseconds(2))

    private init(
        cast: ChaosCast, seed: UInt64, programs: ChaosPrograms, cluster: Cluster, folder: String, links: [String: WANProxy],
        replication: [String: WANProxy], brokerPorts: [String: Int]
    ) {
        self.cast = cast
        self.seed = seed
        self.programs = programs
        self.cluster = cluster
        self.folder = folder
        self.links = links
        self.replication = replication
        self.brokerPorts = brokerPorts
        self.primary = cluster.primary
        self.homes = [
            cast.apps[0]: cluster.replicas[0], cast.apps[1]: cluster.replicas[1],
        ]
    }

    var standbys: [PostgresServer] { self.cluster.servers.filter { $0.name != self.primary.name } }

    // MARK: Start

    /// Starts servers and proxies, makes the schemas, starts all processes.
    static func start(_ cast: ChaosCast, seed: UInt64, folder: String) async throws -> ChaosStage {
        let programs = try ChaosPrograms.find()
        try FileManager.default.createDirectory(atPath: "\(folder)/post", withIntermediateDirectories: true)
        var configuration = Cluster.Configuration()
        configuration.primary = "alpha"
        configuration.replicas = ["beta", "gamma"]
        let cluster = try await Cluster.start(configuration)
        do {
            try await cluster.primary.psql("CREATE DATABASE \(Self.database)")
            try await cluster.primary.psql(ChaosSchema.statements, database: Self.database)
            try await Self.migrate(cluster.primary.url(database: Self.database))
            var replication: [String: WANProxy] = [:]
            for server in cluster.servers {
                replication[server.name] = try await WANProxy.start(target: cluster.primary.port, link: Self.ocean)
            }
            for replica in cluster.replicas {
                try await replica.follow(cluster.primary, through: replication[replica.name]?.port)
                try await replica.waitUntilStreaming()
            }
            try await cluster.waitUntilCaughtUp()
            var brokerPorts: [String: Int] = [:]
            for broker in cast.brokers { brokerPorts[broker] = try FreePort.choose() }
            let stage = ChaosStage(
                cast: cast, seed: seed, programs: programs, cluster: cluster, folder: folder,
                links: try await Self.makeLinks(cast, cluster, brokerPorts), replication: replication, brokerPorts: brokerPorts)
            for name in cast.brokers + cast.nodes { await stage.startProcess(name) }
            return stage
        } catch {
            try? await cluster.stop()
            throw error
        }
    }

    private static func makeLinks(_ cast: ChaosCast, _ cluster: Cluster, _ brokerPorts: [String: Int]) async throws -> [String: WANProxy] {
        var links: [String: WANProxy] = [:]
        for node in cast.nodes {
            let far = cast.apps.dropLast().firstIndex(of: node)
            for broker in cast.brokers {
                guard let port = brokerPorts[broker] else { continue }
                links[ChaosCast.link(from: node, to: broker)] =
                    try await WANProxy.start(target: port, link: far == nil ? WANLink() : Self.ocean)
            }
            let server = far.map { cluster.replicas[$0] } ?? cluster.primary
            links[ChaosCast.link(from: node, to: "database")] = try await WANProxy.start(target: server.port)
        }
        return links
    }

    /// As `wherry migrate up` does it.
    private static func migrate(_ url: String) async throws {
        var logger = Logger(label: "wherry-lab")
        logger.logLevel = .warning
        try await Migrator.up(PostgresConfiguration(url), logger: logger)
    }

    // MARK: End

    /// Waits until all calls have ended, then ends the processes in good order; the servers go on.
    func conclude() async {
        self.isEnding = true
        // Longest deadline, the five seconds of a fence, and time to spare.
        await self.drainAll(self.cast.apps, within: .seconds(60))
        await self.drainAll(self.cast.workers, within: .seconds(40))
        await self.drainAll(self.cast.brokers, within: .seconds(40))
    }

    private func drainAll(_ names: [String], within limit: Duration) async {
        let processes = names.compactMap { self.processes[$0] }
        let ends = await withTaskGroup(of: (String, String?).self) { group in
            for process in processes { group.addTask { (process.name, await process.drain(within: limit)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for (name, flaw) in ends {
            if let flaw { self.complaints.append("\(name), told to end: \(flaw)") }
        }
        for name in names { self.processes[name] = nil }
    }

    /// Kills whoever is left, and stops the servers; also in a task that was cancelled.
    func strike() async {
        self.isEnding = true
        let (processes, proxies, cluster) = (self.processes.values, Array(self.links.values) + Array(self.replication.values), self.cluster)
        await Task {
            for process in processes { await process.kill() }
            for proxy in proxies { await proxy.stop() }
            // Whatever is left now, the cluster's reaper removes when this process ends.
            try? await cluster.stop()
        }.value
    }

    /// Puts the servers' logs to the others.
    func keepServerLogs() {
        for server in self.cluster.servers {
            try? FileManager.default.copyItem(atPath: "\(server.folder)/log", toPath: "\(self.folder)/postgres-\(server.name).log")
        }
    }
}
