import Foundation
import Logging
import ServiceLifecycle
public import Wherry
import WherryBroker
import WherryCore
import WherryMigrations
import WherryWorker

/// Two regions for a test, all of it real: the primary's with a broker and a worker that runs your handlers, another one beside the replica,
/// and a client in each, on a database of the test's own.
///
/// ```swift
/// @Suite(.regions(handlers: myHandlers, schema: "CREATE TABLE items (id int)"))
/// struct ItemTests {
///     @Test func `an item created in one region is seen in the other`() async throws {
///         let regions = TestRegions.current
///         try await regions.far.call(CreateItem(id: 1))
///         #expect(try await regions.far.read { db in try await db.scalar("SELECT count(*) FROM items", as: Int.self) } == 1)
///     }
/// }
/// ```
public struct TestRegions: Sendable {
    /// The client in the primary's region, ``primaryRegion``: it reads from the primary.
    public let near: WherryClient
    /// The client in the other region, ``replicaRegion``: it reads from the replica.
    public let far: WherryClient
    /// The test's database, on both servers.
    public let database: TestDatabase

    /// The primary's region: `syd`.
    public static let primaryRegion = "syd"
    /// The replica's region: `lax`.
    public static let replicaRegion = "lax"

    @TaskLocal static var bound: TestRegions?

    /// The regions of the running test.
    ///
    /// - Precondition: the test, or its suite, has the trait `.regions(handlers:schema:)`, and this is called in the test's task.
    public static var current: TestRegions {
        guard let bound else {
            preconditionFailure("no regions here: give the test or its suite the trait .regions(…), and ask in the test's own task")
        }
        return bound
    }

    /// Runs two regions for the time of a body.
    ///
    /// - Parameters:
    ///   - handlers: what the worker can do.
    ///   - schema: SQL that makes your tables, run by psql on a database that has the schema `wherry`; default none.
    ///   - body: gets them.
    /// - Returns: what the body returns.
    /// - Throws: what the body throws; `ClusterError` if the servers do not start.
    public static func run<Result: Sendable>(
        handlers: Handlers, schema: String = "", _ body: (TestRegions) async throws -> Result
    ) async throws -> Result {
        try await SharedCluster.withDatabase(from: .migrated(schema)) { database in
            let folder = NSTemporaryDirectory() + "wherry-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            return try await Self.run(handlers: handlers, on: database, broker: "ipc://\(folder)/broker", body)
        }
    }

    private static func run<Result: Sendable>(
        handlers: Handlers, on database: TestDatabase, broker endpoint: String, _ body: (TestRegions) async throws -> Result
    ) async throws -> Result {
        let logger = Logger(label: "wherry.test-regions") { _ in SwiftLogNoOpLogHandler() }
        func client(_ region: String, _ connection: ConnectionInfo) throws -> WherryClient {
            let configuration = WherryClient.Configuration(
                region: region, primaryRegion: Self.primaryRegion, brokers: [endpoint], database: PostgresConfiguration(connection.url))
            return try WherryClient(configuration, logger: logger)
        }
        let regions = TestRegions(
            near: try client(Self.primaryRegion, database.primary),
            far: try client(Self.replicaRegion, database.replica),
            database: database
        )
        let worker = Worker(
            handlers: handlers,
            configuration: Worker.Configuration(
                region: Self.primaryRegion, database: PostgresConfiguration(database.primary.url),
                broker: BrokerConfiguration(region: Self.primaryRegion, binds: [endpoint])),
            logger: logger
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Self.serve(worker) }
            // The clients end before the worker is told to.
            let result = await Self.result { try await Self.using(regions, body) }
            group.cancelAll()
            while let ended = await group.nextResult() {
                // A worker that could not start is why the jobs did not run.
                if case .failure(let error as WorkerError) = ended { throw error }
            }
            return try result.get()
        }
    }

    private static func using<Result: Sendable>(
        _ regions: TestRegions, _ body: (TestRegions) async throws -> Result
    ) async throws -> Result {
        try await withThrowingDiscardingTaskGroup { group in
            for client in [regions.near, regions.far] { group.addTask { try await client.run() } }
            defer { for client in [regions.near, regions.far] { client.shutdown() } }
            return try await body(regions)
        }
    }

    private static func result<Value>(_ body: () async throws -> Value) async -> Swift.Result<Value, any Error> {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    /// In a group of its own, without signals: those are the test process's.
    private static func serve(_ worker: Worker) async throws {
        let configuration = ServiceGroupConfiguration(
            services: [.init(service: worker)], logger: Logger(label: "wherry.test-regions") { _ in SwiftLogNoOpLogHandler() })
        try await ServiceGroup(configuration: configuration).run()
    }
}

extension DatabaseTemplate {
    /// The schema `wherry`, and a user's own tables. One template for each schema.
    static func migrated(_ schema: String) -> DatabaseTemplate {
        // FNV-1a: the same text has the same template in one process, which is all that it is for.
        let hash = schema.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        return DatabaseTemplate("regions_\(String(hash, radix: 16))") { database in
            try await database.psql(Migrator.print())
            if !schema.isEmpty { try await database.psql(schema) }
        }
    }
}
