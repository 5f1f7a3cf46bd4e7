import ArgumentParser
import Foundation
import Logging
import WherryMigrations
import WherryPostgres

/// Which database a command works on.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The primary: a URL such as postgres://owner@db.example/app, or keywords as libpq takes them. Default: $DATABASE_URL.",
            valueName: "url"
        )
    )
    var database: String?

    /// Connects, lets the body work, disconnects; says in plain words what keeps it from doing so.
    func withConnection(_ body: (PostgresConnection, Logger) async throws -> Void) async throws {
        guard let conninfo = self.database ?? ProcessInfo.processInfo.environment["DATABASE_URL"], !conninfo.isEmpty else {
            throw ToolError(.usage, "which database? Give --database, or set DATABASE_URL")
        }
        var logger = Logger(label: "wherry")
        logger.logLevel = .warning
        do {
            let connection = try await PostgresConnection.connect(
                PostgresConfiguration(conninfo, applicationName: "wherry-migrate"), logger: logger)
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(connection, logger))
            } catch {
                result = .failure(error)
            }
            await connection.close()
            try result.get()
        } catch let error as MigrationError {
            throw ToolError(Self.status(of: error), "\(error)")
        } catch let error as PostgresError {
            throw ToolError(error.code == .invalidConfiguration ? .usage : .unavailable, "\(error)")
        }
    }

    private static func status(of error: MigrationError) -> ToolError.Status {
        switch error.code {
        case .busy: .busy
        case .notPermitted: .notPermitted
        case .unknownVersion: .usage
        case .failed where error.cause?.isConnectionLost == true: .unavailable
        case .newerSchema, .notMigrated, .standby, .failed: .failed
        }
    }
}
