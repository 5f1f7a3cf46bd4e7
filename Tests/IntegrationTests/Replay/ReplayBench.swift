import Foundation
import Logging
import Testing
import Wherry
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryMigrations
import WherryPostgres
import WherryTestKit
import WherryWire

extension DatabaseTemplate {
    /// Wherry's schema and a table of a user.
    static let replay = DatabaseTemplate("replay") { database in
        try await ReplayBench.prepare(database.primary)
    }
}

/// A notifier on a real standby, and jobs written on its primary as a worker would write them.
struct ReplayBench {
    let logger: Logger
    let primary: PostgresConnection
    let replica: PostgresConnection
    let notifier: ReplayNotifier
    var epoch: Epoch

    static func prepare(_ database: ConnectionInfo) async throws {
        let logger = Self.makeLogger()
        let connection = try await PostgresConnection.connect(PostgresConfiguration(database.keywords), logger: logger)
        do {
            _ = try await Migrator(connection: connection, logger: logger).up()
            _ = try await connection.query("CREATE TABLE touched (id uuid PRIMARY KEY, number int)")
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// Runs a body with a notifier that runs; closes everything afterwards.
    static func run(
        primary: ConnectionInfo,
        replica: ConnectionInfo,
        notifierRole: ConnectionInfo? = nil,
        configure: (inout ReplayNotifierConfiguration) -> Void = { _ in },
        _ body: (ReplayBench) async throws -> Void
    ) async throws {
        let logger = Self.makeLogger()
        var configuration = ReplayNotifierConfiguration()
        configure(&configuration)
        let writer = try await PostgresConnection.connect(PostgresConfiguration(primary.keywords), logger: logger)
        let reader = try await PostgresConnection.connect(PostgresConfiguration(replica.keywords), logger: logger)
        let epoch = try await EpochStore.establish(on: writer, knownToken: nil, logger: logger).epoch
        let notifier = ReplayNotifier(
            database: PostgresConfiguration((notifierRole ?? replica).keywords, applicationName: "wherry-notifier"),
            configuration: configuration,
            logger: logger
        )
        let bench = ReplayBench(logger: logger, primary: writer, replica: reader, notifier: notifier, epoch: epoch)
        do {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await notifier.run() }
                do {
                    try await body(bench)
                } catch {
                    await notifier.shutdown()
                    throw error
                }
                await notifier.shutdown()
            }
        } catch {
            await writer.close()
            await reader.close()
            throw error
        }
        await writer.close()
        await reader.close()
    }

    /// On the process's shared primary and replica.
    static func shared(
        configure: (inout ReplayNotifierConfiguration) -> Void = { _ in },
        _ body: (ReplayBench) async throws -> Void
    ) async throws {
        let database = TestDatabase.current
        try await Self.run(primary: database.primary, replica: database.replica, configure: configure, body)
    }

    /// On the test's own cluster.
    static func own(
        configure: (inout ReplayNotifierConfiguration) -> Void = { _ in },
        _ body: (ReplayBench) async throws -> Void
    ) async throws {
        let cluster = TestCluster.current
        try await Self.prepare(cluster.primary.connection())
        try await cluster.replica.waitUntilCaughtUp(with: cluster.primary)
        try await Self.run(primary: cluster.primary.connection(), replica: cluster.replica.connection(), configure: configure, body)
    }

    static func makeLogger() -> Logger {
        var logger = Logger(label: "replay.tests")
        logger.logLevel = .error
        return logger
    }

    static var unixMilliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    // MARK: Writing

    func makeID() -> JobID {
        var random = SystemRandomNumberGenerator()
        return JobID(unixMilliseconds: Self.unixMilliseconds, using: &random)
    }

    func makeReceipt(_ id: JobID, _ outcome: Outcome = .committed) -> Receipt {
        Receipt(
            job: JobIdentity(id: id, name: "touch", version: 1, digest: Array(repeating: 1, count: 32), scope: "default"),
            outcome: outcome,
            contentType: "application/json",
            payload: Array("{}".utf8)
        )
    }

    /// A job as a worker does it: effect and receipt in one transaction, then the flush position by a statement of its own.
    func write(_ id: JobID, on connection: PostgresConnection? = nil, epoch: Epoch? = nil) async throws -> CausalToken {
        let flight = Flight([
            ["BEGIN", "INSERT INTO touched (id) VALUES (\(id))", self.makeReceipt(id).insert, "COMMIT"],
            ["SELECT pg_current_wal_flush_lsn()"],
        ])
        let outcomes = await (connection ?? self.primary).perform(flight)
        if let error = outcomes.joined().lazy.compactMap(\.error).first { throw error }
        let lsn = try #require(try outcomes[1][0].result?.rows.scalar(as: LSN.self))
        return CausalToken(epoch: epoch ?? self.epoch, lsn: lsn)
    }

    func isVisible(_ id: JobID) async throws -> Bool {
        try await self.replica.query("SELECT EXISTS (SELECT FROM touched WHERE id = \(id))").rows.scalar(as: Bool.self)
    }

    func wait(_ condition: ReplayCondition, within limit: Duration = .seconds(20)) async throws -> ReplayVerdict {
        try await self.notifier.wait(for: condition, until: EventLoop.now + limit)
    }
}

extension ReplayVerdict {
    var isReached: Bool {
        if case .reached = self { true } else { false }
    }

    var foundID: JobID? {
        if case .receipt(let receipt, _) = self { receipt.id } else { nil }
    }

    var failure: ReplayError.Code? {
        if case .failed(let error) = self { error.code } else { nil }
    }
}
