import Foundation
import Logging
import ServiceLifecycle
import Wherry
import WherryBroker
import WherryTestKit
import WherryWorker

/// A primary's region with brokers and workers, and a client beside the replica: all real, in this process, on a fresh database.
struct Regions: Sendable {
    let database: TestDatabase
    let client: WherryClient
    /// The client's.
    let configuration: WherryClient.Configuration
    let folder: String
    let logger: Logger

    /// Runs brokers, workers and a client for the time of a body.
    ///
    /// - Parameters:
    ///   - workers: how many workers; each serves all brokers.
    ///   - adjust: changes the client's configuration before it starts.
    ///   - logger: of all of them.
    static func run(
        handlers: Handlers,
        brokers: Int = 1,
        workers: Int = 1,
        adjust: (inout WherryClient.Configuration) -> Void = { _ in },
        logger: Logger = Logger(label: "regions") { _ in SwiftLogNoOpLogHandler() },
        _ body: (Regions) async throws -> Void
    ) async throws {
        try await SharedCluster.withDatabase(from: .wherry) { database in
            let folder = NSTemporaryDirectory() + "wherry-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let endpoints = (0..<brokers).map { Self.endpoint($0, in: folder) }
            var configuration = WherryClient.Configuration(
                region: "lax",
                primaryRegion: "syd",
                brokers: endpoints,
                database: PostgresConfiguration(database.replica.keywords)
            )
            adjust(&configuration)
            let client = try WherryClient(configuration, logger: logger)
            let regions = Regions(database: database, client: client, configuration: configuration, folder: folder, logger: logger)
            let hosts =
                endpoints.indices.map { regions.startBroker($0) }
                + (0..<workers).map { _ in regions.startWorker(handlers, brokers: endpoints) }
                + [ServiceHost(regions.client, logger: logger)]
            do {
                try await body(regions)
            } catch {
                for host in hosts.reversed() { await host.abandon() }
                throw error
            }
            for host in hosts.reversed() { try await host.stop() }
        }
    }

    private static func endpoint(_ index: Int, in folder: String) -> String {
        "ipc://\(folder)/broker-\(index)"
    }

    /// Where the broker of that number listens, whether it runs or not.
    func endpoint(_ index: Int) -> String {
        Self.endpoint(index, in: self.folder)
    }

    /// Starts one more broker, or one that was ended before.
    func startBroker(_ index: Int) -> ServiceHost {
        let configuration = BrokerConfiguration(region: "syd", binds: [self.endpoint(index)])
        return ServiceHost(Broker(configuration: configuration, logger: self.logger), logger: self.logger)
    }

    /// Starts one more worker.
    func startWorker(_ handlers: Handlers, brokers: [String], adjust: (inout Worker.Configuration) -> Void = { _ in }) -> ServiceHost {
        var configuration = Worker.Configuration(
            region: "syd", brokers: brokers, database: PostgresConfiguration(self.database.primary.keywords))
        adjust(&configuration)
        return ServiceHost(Worker(handlers: handlers, configuration: configuration, logger: self.logger), logger: self.logger)
    }

    /// How many rows of `items` the primary has.
    func itemsAtPrimary() async throws -> Int {
        Int(try await self.database.psql("SELECT count(*) FROM items")) ?? -1
    }

    /// How many rows of `items` the replica shows to the application.
    func itemsHere() async throws -> Int {
        try await self.client.read { db in try await db.scalar("SELECT count(*) FROM items", as: Int.self) }
    }
}
