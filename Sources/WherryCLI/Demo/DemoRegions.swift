import DemoShared
import Foundation
import Logging
import WherryCluster
import WherryMigrations
import WherryPostgres

/// The two regions: a primary here, a replica there, and between them a proxy for everything that crosses the ocean.
final class DemoRegions {
    /// The regions' names: the cities' codes in lower case.
    let primary: String
    let replica: String

    private let cluster: Cluster
    private let link: WANLink
    private let replication: WANProxy
    /// The app's way to the primary, for the loop that goes without Wherry.
    private let detour: WANProxy
    /// The app's way to the broker; `nil` until there is a broker.
    private var crossing: WANProxy?

    private static let database = "airports"

    private init(primary: String, replica: String, cluster: Cluster, link: WANLink, replication: WANProxy, detour: WANProxy) {
        self.primary = primary
        self.replica = replica
        self.cluster = cluster
        self.link = link
        self.replication = replication
        self.detour = detour
    }

    /// Starts the servers, puts the ocean between them, and makes the schemas on the primary.
    static func start(_ wan: WANSummary) async throws -> DemoRegions {
        let (primary, replica) = (wan.primary.lowercased(), wan.replica.lowercased())
        var configuration = Cluster.Configuration()
        configuration.primary = primary
        configuration.replicas = [replica]
        let link = WANLink(delay: .milliseconds(wan.roundTripMilliseconds / 2), jitter: .milliseconds(wan.jitterMilliseconds))
        let cluster = try await Cluster.start(configuration)
        do {
            try await cluster.primary.psql("CREATE DATABASE \(Self.database)")
            try await cluster.primary.psql(DemoSchema.statements, database: Self.database)
            try await Self.migrate(cluster.primary.url(database: Self.database))
            try await cluster.waitUntilCaughtUp()
            let replication = try await WANProxy.start(target: cluster.primary.port, link: link)
            let detour = try await WANProxy.start(target: cluster.primary.port, link: link)
            try await cluster.replica.follow(cluster.primary, through: replication.port)
            try await cluster.replica.waitUntilStreaming()
            return DemoRegions(
                primary: primary, replica: replica, cluster: cluster, link: link, replication: replication, detour: detour)
        } catch {
            await Self.uncancelled { try? await cluster.stop() }
            throw error
        }
    }

    /// As `wherry migrate up` does it.
    private static func migrate(_ url: String) async throws {
        var logger = Logger(label: "wherry")
        logger.logLevel = .warning
        try await Migrator.up(PostgresConfiguration(url), logger: logger)
    }

    /// The primary, seen from its own region.
    var primaryDatabase: ConnectionInfo {
        self.cluster.primary.connection(database: Self.database)
    }

    /// The replica, seen from its own region.
    var replicaDatabase: ConnectionInfo {
        self.cluster.replica.connection(database: Self.database)
    }

    /// The primary, seen from the replica's region.
    var farPrimaryDatabase: ConnectionInfo {
        var connection = self.primaryDatabase
        connection.port = self.detour.port
        return connection
    }

    /// The broker, seen from the replica's region.
    var farBroker: String {
        get throws {
            guard let crossing = self.crossing else { throw DemoError("the app was to be started before the broker") }
            return "tcp://127.0.0.1:\(crossing.port)"
        }
    }

    /// Leads the app's way to a broker, an endpoint such as `tcp://127.0.0.1:4711`.
    func connect(toBroker endpoint: String) async throws {
        guard let port = endpoint.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw DemoError("the broker listens on \(endpoint), which names no port")
        }
        self.crossing = try await WANProxy.start(target: port, link: self.link)
    }

    /// What stands in the databases in the end, whatever the app believes.
    func audit(_ measurements: [StepMeasurement], killed: (jobID: String, rows: Int), kills: Int) async throws -> DemoAudit {
        try await self.cluster.waitUntilCaughtUp()
        let counts = "SELECT step, count(*), count(DISTINCT code) FROM airports GROUP BY step"
        let receipts = "SELECT outcome, count(*) FROM wherry.receipts WHERE id = '\(killed.jobID)' GROUP BY outcome"
        return try await DemoAudit(
            measurements,
            onReplica: self.cluster.replica.psql(counts, database: Self.database),
            onPrimary: self.cluster.primary.psql(counts, database: Self.database),
            killed: killed, kills: kills,
            receipts: self.cluster.primary.psql(receipts, database: Self.database)
        )
    }

    /// Stops and removes everything, also in a task that has been cancelled.
    func stop() async {
        let (cluster, proxies) = (self.cluster, [self.replication, self.detour, self.crossing].compactMap(\.self))
        await Self.uncancelled {
            for proxy in proxies { await proxy.stop() }
            // Whatever is left now, the cluster's reaper removes when this process ends.
            try? await cluster.stop()
        }
    }

    private static func uncancelled(_ body: @escaping @Sendable () async -> Void) async {
        await Task { await body() }.value
    }
}
