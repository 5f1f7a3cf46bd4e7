package import Logging
package import WherryPostgres

extension Migrator {
    /// Brings the schema of a database up to date, on a connection of its own: as `wherry migrate up` does.
    package static func up(_ database: PostgresConfiguration, logger: Logger) async throws {
        let connection = try await PostgresConnection.connect(database, logger: logger)
        do {
            try await Migrator(connection: connection, logger: logger).up()
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }
}
