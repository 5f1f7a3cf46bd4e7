import FaultJobs
import Foundation
import Logging
import Synchronization
import Wherry
import WherryCluster
import WherryTestKit

/// Brokers and workers as processes of their own, to be killed; the database's servers, and clients in this process.
struct FaultField: Sendable {
    /// The primary's server.
    let server: PostgresServer
    let primary: ConnectionInfo
    let replica: ConnectionInfo
    let folder: String
    private let children = Children()

    /// What was started, in that order.
    private final class Children: Sendable {
        let all = Mutex<[Child]>([])
    }

    /// On a fresh database of the servers that all tests share.
    static func run(_ body: (FaultField) async throws -> Void) async throws {
        try await SharedCluster.withDatabase(from: .wherry) { database in
            try await Self.run(server: database.cluster.primary, primary: database.primary, replica: database.replica, body)
        }
    }

    /// On the test's own servers.
    static func runOnOwnCluster(_ body: (FaultField, Cluster) async throws -> Void) async throws {
        let cluster = TestCluster.current
        try await DatabaseTemplate.prepareWherry(on: cluster.primary)
        try await cluster.waitUntilCaughtUp()
        let primary = cluster.primary
        let replica = cluster.replicas.first ?? primary
        try await Self.run(server: primary, primary: primary.connection(), replica: replica.connection()) { try await body($0, cluster) }
    }

    private static func run(
        server: PostgresServer, primary: ConnectionInfo, replica: ConnectionInfo, _ body: (FaultField) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "wherry-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let field = FaultField(server: server, primary: primary, replica: replica, folder: folder)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(field))
        } catch {
            result = .failure(error)
        }
        for child in field.children.all.withLock({ $0 }).reversed() { await child.destroy() }
        try result.get()
    }

    // MARK: Database

    /// Runs SQL at the primary, in this field's database.
    @discardableResult
    func atPrimary(_ sql: String) async throws -> String {
        try await self.server.psql("SET application_name = 'test'; \(sql)", database: self.primary.database)
    }

    // MARK: Processes

    func endpoint(_ broker: Int) -> String { "ipc://\(self.folder)/broker-\(broker)" }

    /// Starts a broker, and waits until it listens.
    ///
    /// - Parameter tcp: whether it listens on a port of the loopback too.
    func startBroker(_ number: Int = 0, tcp: Bool = false) async throws -> Child {
        var arguments = ["broker", "--region", "syd", "--until-input-ends", "--bind", self.endpoint(number)]
        if tcp { arguments += ["--bind", "tcp://127.0.0.1:*"] }
        let broker = try await Child("wherry", arguments)
        self.children.all.withLock { $0.append(broker) }
        try await broker.says("listening on \(self.endpoint(number))")
        return broker
    }

    /// The port that a broker got.
    func port(of broker: Child) async throws -> Int {
        let prefix = "listening on tcp://127.0.0.1:"
        let lines = try await eventually("the broker has a port", read: { broker.lines }, until: { $0.contains { $0.hasPrefix(prefix) } })
        return lines.lazy.compactMap { $0.hasPrefix(prefix) ? Int($0.dropFirst(prefix.count)) : nil }.first ?? 0
    }

    /// Starts a worker of some brokers.
    func startWorker(
        brokers: [Int] = [0], database: ConnectionInfo? = nil, environment: [String: String] = [:]
    ) async throws -> Child {
        var variables = [
            "WHERRY_REGION": "syd", "WHERRY_BROKERS": brokers.map(self.endpoint).joined(separator: ","),
            "DATABASE_URL": (database ?? self.primary).url,
        ]
        variables.merge(environment) { $1 }
        let worker = try await Child("FaultWorker", environment: variables)
        self.children.all.withLock { $0.append(worker) }
        return worker
    }

    // MARK: Clients

    /// Runs a client beside the replica.
    ///
    /// - Parameter endpoints: of its brokers, instead of those of these numbers.
    func withClient<Result: Sendable>(
        brokers: [Int] = [0], endpoints: [String]? = nil, replica: ConnectionInfo? = nil,
        adjust: (inout WherryClient.Configuration) -> Void = { _ in },
        _ body: (WherryClient) async throws -> Result
    ) async throws -> Result {
        var configuration = WherryClient.Configuration(
            region: "lax", primaryRegion: "syd", brokers: endpoints ?? brokers.map(self.endpoint),
            database: PostgresConfiguration((replica ?? self.replica).keywords))
        adjust(&configuration)
        let logger = Logger(label: "faults") { _ in SwiftLogNoOpLogHandler() }
        return try await WherryClient.withClient(configuration, logger: logger, body)
    }
}

/// A value that several tasks change.
final class Shared<Value: Sendable>: Sendable {
    let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }
}

extension WherryClient {
    /// How many rows of an item the replica shows.
    func count(of item: Int) async throws -> Int {
        try await self.read { try await $0.scalar("SELECT count(*) FROM items WHERE item = \(item)", as: Int.self) }
    }

    /// How many items the replica shows, and how many different ones.
    func counts() async throws -> [Int] {
        try await self.read { db in
            [
                try await db.scalar("SELECT count(*) FROM items", as: Int.self),
                try await db.scalar("SELECT count(DISTINCT item) FROM items", as: Int.self),
            ]
        }
    }

    /// Inserts items, so many at a time, and expects every call to succeed.
    ///
    /// - Parameter meanwhile: runs once a fifth of them is home.
    func insert(
        _ items: Range<Int>, lanes: Int, deadline: Duration = .seconds(60), meanwhile: @Sendable () async throws -> Void
    ) async throws {
        let begun = TestSignal()
        let home = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    for item in stride(from: items.lowerBound + lane, to: items.upperBound, by: lanes) {
                        _ = try await self.call(Act(item: item), deadline: deadline)
                        let count = home.value.withLock { count in
                            count += 1
                            return count
                        }
                        if count == items.count / 5 { begun.fire() }
                    }
                    begun.fire()
                }
            }
            await begun.wait()
            try await meanwhile()
            try await group.waitForAll()
        }
    }
}
