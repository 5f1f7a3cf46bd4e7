import Foundation
import Logging
import ServiceLifecycle
import Wherry
import WherryBroker
import WherryCluster
import WherryTestKit
import WherryWorker

/// A broker, a worker and clients on the test's own cluster, to pause, crash and promote.
struct OwnRegions: Sendable {
    let cluster: Cluster
    let folder: String
    let logger: Logger

    private var endpoint: String { "ipc://\(self.folder)/broker" }

    static func run(_ body: (OwnRegions) async throws -> Void) async throws {
        let cluster = TestCluster.current
        try await DatabaseTemplate.prepareWherry(on: cluster.primary)
        try await cluster.waitUntilCaughtUp()
        let folder = NSTemporaryDirectory() + "wherry-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let logger = Logger(label: "regions") { _ in SwiftLogNoOpLogHandler() }
        try await body(OwnRegions(cluster: cluster, folder: folder, logger: logger))
    }

    func startBroker() -> ServiceHost {
        ServiceHost(
            Broker(configuration: BrokerConfiguration(region: "syd", binds: [self.endpoint]), logger: self.logger), logger: self.logger)
    }

    func startWorker(on server: PostgresServer) -> ServiceHost {
        let configuration = Worker.Configuration(
            region: "syd", brokers: [self.endpoint], database: PostgresConfiguration(server.connection().keywords))
        return ServiceHost(Worker(handlers: .items, configuration: configuration, logger: self.logger), logger: self.logger)
    }

    /// Runs a client that reads from a server.
    func withClient<Result: Sendable>(on server: PostgresServer, _ body: (WherryClient) async throws -> Result) async throws -> Result {
        let configuration = WherryClient.Configuration(
            region: "lax", primaryRegion: "syd", brokers: [self.endpoint], database: PostgresConfiguration(server.connection().keywords))
        return try await WherryClient.withClient(configuration, logger: self.logger, body)
    }
}
