import Foundation
import Logging
import Testing
import WherryCluster
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryMigrations
import WherryPostgres
import WherryTestKit
import WherryWire

extension DatabaseTemplate {
    /// The schema `wherry`, put in place by psql from what `wherry migrate print` says, and a table to work on.
    static let wherry = DatabaseTemplate("wherry_jobs") { database in
        for sql in Self.wherrySchema { try await database.psql(sql) }
    }

    /// The same in the first database of a server.
    static func prepareWherry(on primary: PostgresServer) async throws {
        for sql in Self.wherrySchema { try await primary.psql(sql) }
    }

    private static var wherrySchema: [String] { [Migrator.print(), "CREATE TABLE items (item int NOT NULL)"] }
}

/// A database with the schema, its epoch established, and runners on it.
struct JobBench: Sendable {
    let name: String
    let database: TestDatabase
    /// A superuser's connection, outside any job.
    let admin: PostgresConnection
    let epoch: Epoch
    /// The primary's clock when the bench was set up.
    let unixMilliseconds: Int64
    let logger: Logger
    private let pools: Pools

    /// Pools that end with the bench.
    private actor Pools {
        var pools: [(pool: PostgresPool, run: Task<Void, Never>)] = []

        func add(_ pool: PostgresPool) {
            self.pools.append((pool, Task { await pool.run() }))
        }

        func shutdown() async {
            for (pool, run) in self.pools {
                await pool.shutdown()
                await run.value
            }
        }
    }

    static func run(_ body: @Sendable (JobBench) async throws -> Void) async throws {
        try await SharedCluster.withDatabase(from: .wherry) { database in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let configuration = PostgresConfiguration(database.primary.keywords)
            let admin = try await PostgresConnection.connect(configuration, logger: logger)
            let status = try await EpochStore.establish(on: admin, knownToken: nil, logger: logger)
            let bench = JobBench(
                name: database.name, database: database, admin: admin, epoch: status.epoch, unixMilliseconds: status.unixMilliseconds,
                logger: logger, pools: Pools())
            do {
                try await body(bench)
            } catch {
                await bench.close()
                throw error
            }
            await bench.close()
        }
    }

    private func close() async {
        await self.pools.shutdown()
        await self.admin.close()
    }

    // MARK: Runners

    /// A runner on a pool of its own.
    func runner(
        role: String? = nil, settings: [String: String] = [:], limits: JobAttempt.Limits = JobAttempt.Limits(),
        _ register: (inout Handlers) -> Void
    ) async throws -> JobRunner {
        var info = self.database.primary
        if let role { info.user = role }
        return try await self.runner(info, settings: settings, limits: limits, register)
    }

    /// A runner that takes the standby for the primary.
    func runnerOnStandby(_ register: (inout Handlers) -> Void) async throws -> JobRunner {
        try await self.database.waitUntilCaughtUp()
        return try await self.runner(self.database.replica, settings: [:], limits: JobAttempt.Limits(), register)
    }

    private func runner(
        _ info: ConnectionInfo, settings: [String: String], limits: JobAttempt.Limits, _ register: (inout Handlers) -> Void
    ) async throws -> JobRunner {
        var handlers = Handlers()
        register(&handlers)
        var configuration = PostgresConfiguration(info.keywords)
        configuration.sessionSettings = settings
        let pool = PostgresPool(PostgresPool.Configuration(configuration), logger: self.logger)
        await self.pools.add(pool)
        return JobRunner(
            handlers: handlers, pool: pool, configuration: JobRunner.Configuration(region: "syd", limits: limits), logger: self.logger)
    }

    // MARK: Requests

    /// A first copy of a job.
    func request<J: Job>(_ job: J, at unixMilliseconds: Int64? = nil) throws -> Request {
        var random = SystemRandomNumberGenerator()
        let arguments = try JobCodec.encode(job)
        let identity = JobIdentity(
            id: JobID(unixMilliseconds: unixMilliseconds ?? self.unixMilliseconds, using: &random), name: J.name, version: J.version,
            digest: JobCodec.digest(arguments), scope: "default")
        return Request(job: identity, contentType: JobCodec.contentType, remaining: .seconds(30), epoch: self.epoch, arguments: arguments)
    }

    func reply(_ runner: JobRunner, _ job: some Job) async throws -> Reply {
        try await self.reply(runner, self.request(job))
    }

    func reply(_ runner: JobRunner, _ request: Request) async throws -> Reply {
        switch await runner.run(request, receivedAt: EventLoop.now) {
        case .reply(let reply): return reply
        case .refused(let refused): throw Unexpected(description: "refused: \(refused.code.rawValue): \(refused.message)")
        }
    }

    func refusal(_ runner: JobRunner, _ request: Request) async throws -> Refused {
        switch await runner.run(request, receivedAt: EventLoop.now) {
        case .reply(let reply): throw Unexpected(description: "not refused: \(reply.outcome) \(reply.failure.map { "\($0)" } ?? "")")
        case .refused(let refused): return refused
        }
    }

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
    }

    // MARK: A frozen worker

    /// Begins a job as a worker does that then never says anything again.
    func freeze(_ request: Request, options: HandlerOptions, _ statements: SQL...) async throws -> PostgresConnection {
        let configuration = PostgresConfiguration(self.database.primary.keywords)
        let connection = try await PostgresConnection.connect(configuration, logger: self.logger)
        let parameters = JobFlight.Parameters(job: request.job, key: request.key, epoch: self.epoch, knownPosition: .zero, options: options)
        let segments = JobFlight.open(lookUp: false).segments(parameters).map { $0.map(\.sql) }
        let outcomes = await connection.perform(Flight(segments + [statements]))
        if let error = outcomes.joined().lazy.compactMap(\.error).first { throw error }
        return connection
    }

    // MARK: What is there

    /// A role that can log in and may do nothing; roles are the cluster's, so name it after the database.
    func makeRole(_ role: String) async throws {
        try await self.database.cluster.primary.makeRole(role)
    }

    func items() async throws -> [Int] {
        try await self.admin.query("SELECT item FROM items ORDER BY item").rows.decode(as: Int.self)
    }

    /// The outcomes of all receipts.
    func receipts() async throws -> [String] {
        try await self.admin.query("SELECT outcome FROM wherry.receipts ORDER BY id").rows.decode(as: String.self)
    }

    func onStandby(_ sql: SQL) async throws -> Row? {
        try await self.database.waitUntilCaughtUp()
        let configuration = PostgresConfiguration(self.database.replica.keywords)
        let connection = try await PostgresConnection.connect(configuration, logger: self.logger)
        do {
            let row = try await connection.query(sql).rows.first
            await connection.close()
            return row
        } catch {
            await connection.close()
            throw error
        }
    }
}
