import Foundation
import Logging
import WherryEventLoop
import WherryTestKit

@testable import WherryPostgres

/// What the tests of this folder start from.
enum PostgresBench {
    static let logger = Logger(label: "wherry.tests", factory: { _ in SwiftLogNoOpLogHandler() })

    /// How to reach the running test's database.
    static var configuration: PostgresConfiguration {
        PostgresConfiguration(TestDatabase.current.primary.keywords)
    }

    /// Runs a body with a connection to the running test's database, and closes it.
    static func withConnection<Value>(
        _ configuration: PostgresConfiguration? = nil,
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await PostgresConnection.connect(configuration ?? self.configuration, logger: self.logger)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Runs a body with a pool that runs, and shuts it down.
    static func withPool<Value: Sendable>(
        _ configuration: PostgresConfiguration? = nil,
        limits: PostgresPool.Limits = PostgresPool.Limits(),
        _ body: (PostgresPool) async throws -> Value
    ) async throws -> Value {
        let pool = PostgresPool(PostgresPool.Configuration(configuration ?? self.configuration, limits: limits), logger: self.logger)
        async let running: Void = pool.run()
        do {
            let value = try await body(pool)
            await pool.shutdown()
            await running
            return value
        } catch {
            await pool.shutdown()
            await running
            throw error
        }
    }

    /// Runs a body in a transaction that is rolled back.
    static func withTransaction<Value>(
        on connection: PostgresConnection,
        _ body: (Transaction) async throws -> Value
    ) async throws -> Value {
        _ = try await connection.query("BEGIN")
        let transaction = await Transaction(connection: connection)
        do {
            let value = try await body(transaction)
            await transaction.end()
            _ = await connection.perform(Flight("ROLLBACK"))
            return value
        } catch {
            await transaction.end()
            _ = await connection.perform(Flight("ROLLBACK"))
            throw error
        }
    }
}

/// A connection, used as a transaction would be: what makes the tests short.
extension PostgresConnection {
    private struct Session: PostgresSession {
        let connection: PostgresConnection
        func perform(_ statement: SQL) async throws(PostgresError) -> QueryResult { try await self.connection.query(statement) }
    }

    func query<each Column: PostgresDecodable>(
        _ sql: SQL,
        as type: (repeat each Column).Type
    ) async throws(PostgresError) -> [(repeat each Column)] {
        try await Session(connection: self).query(sql, as: type)
    }

    @_disfavoredOverload
    func query<Value: Decodable>(_ sql: SQL, as type: Value.Type) async throws(PostgresError) -> [Value] {
        try await Session(connection: self).query(sql, as: type)
    }

    func scalar<Value: PostgresDecodable>(_ sql: SQL, as type: Value.Type) async throws(PostgresError) -> Value {
        try await Session(connection: self).scalar(sql, as: type)
    }

    func execute(_ sql: SQL) async throws(PostgresError) -> Int {
        try await Session(connection: self).execute(sql)
    }
}
