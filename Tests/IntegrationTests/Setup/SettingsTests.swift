import Foundation
import Logging
import ServiceLifecycle
import Testing
import Wherry
import WherryBroker
import WherryTestKit
import WherryWorker

/// An application. It is given a client and handlers, and nothing tells it where it runs.
private enum ItemsApp {
    static let handlers = Handlers.items

    /// What it writes, reads, and is told of what fails.
    static func use(_ client: WherryClient) async throws -> [Int] {
        try await client.call(AddItem(item: 1))
        let handle = try await client.submit(AddItem(item: 2))
        #expect(try await handle.value == 2)
        let error = try await jobError { try await client.call(AddItemThenFail(item: 3)) }
        #expect(error.code == .handlerFailed)
        #expect(try error.payload(as: ItemRejected.self) == ItemRejected(item: 3))
        return try await client.read { db in try await db.query("SELECT item FROM items ORDER BY item", as: Int.self) }
    }

    /// Runs it by what its environment says.
    static func run(_ environment: [String: String], logger: Logger) async throws -> [Int] {
        let configuration = try WherryClient.Configuration.fromEnvironment(environment, logger: logger)
        return try await WherryClient.withClient(configuration, handlers: Self.handlers, logger: logger) { client in
            try await Self.use(client)
        }
    }
}

@Suite("The same application code runs", .postgres(.wherry), .timeLimit(.minutes(2)))
struct SettingsTests {
    private let logger = Logger(label: "settings") { _ in SwiftLogNoOpLogHandler() }

    /// Where a broker can listen that nobody else uses.
    private static func withEndpoint(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "wherry-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body("ipc://\(folder)/broker")
    }

    @Test func `on one machine with one database and nothing but its URL`() async throws {
        let items = try await ItemsApp.run(["DATABASE_URL": TestDatabase.current.primary.url], logger: self.logger)
        #expect(items == [1, 2])
        let outcomes = try await TestDatabase.current.psql("SELECT string_agg(outcome, ' ' ORDER BY id) FROM wherry.receipts")
        #expect(outcomes == "committed committed failed")
    }

    @Test func `beside a broker and a worker in one region`() async throws {
        let url = TestDatabase.current.primary.url
        try await Self.withEndpoint { endpoint in
            let configuration = try Worker.Configuration.fromEnvironment(
                ["DATABASE_URL": url, "WHERRY_BIND": endpoint], logger: self.logger)
            let worker = Worker(handlers: ItemsApp.handlers, configuration: configuration, logger: self.logger)
            let host = ServiceHost(worker, logger: self.logger)
            // A region that is not the primary's runs nothing inline; here the application does without handlers to go through the broker.
            let client = try WherryClient.Configuration.fromEnvironment(
                ["DATABASE_URL": url, "WHERRY_BROKERS": endpoint], logger: self.logger)
            let items = try await WherryClient.withClient(client, logger: self.logger) { try await ItemsApp.use($0) }
            #expect(items == [1, 2])
            try await host.stop()
        }
    }

    @Test func `in two regions`() async throws {
        let database = TestDatabase.current
        try await Self.withEndpoint { endpoint in
            let configuration = try Worker.Configuration.fromEnvironment(
                ["DATABASE_URL": database.primary.url, "WHERRY_BIND": endpoint, "FLY_REGION": "syd"], logger: self.logger)
            let worker = Worker(handlers: ItemsApp.handlers, configuration: configuration, logger: self.logger)
            let host = ServiceHost(worker, logger: self.logger)
            let items = try await ItemsApp.run(
                [
                    "DATABASE_URL": database.replica.url, "FLY_REGION": "lax", "PRIMARY_REGION": "syd", "WHERRY_BROKERS": endpoint,
                ], logger: self.logger)
            #expect(items == [1, 2], "handlers at hand change nothing where the primary is elsewhere")
            try await host.stop()
        }
    }
}
