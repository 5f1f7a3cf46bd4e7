package import Logging
package import WherryPostgres

/// Brings the schema up to date once, when a process starts, if that is wanted: for a machine on which nobody runs `wherry migrate up`.
package actor StartMigration {
    private let pool: PostgresPool
    private let logger: Logger
    private var isDone: Bool

    /// - Parameters:
    ///   - isWanted: if not, `run()` does nothing.
    ///   - pool: of connections to the primary.
    package init(isWanted: Bool, pool: PostgresPool, logger: Logger) {
        self.isDone = !isWanted
        self.pool = pool
        self.logger = logger
    }

    /// Migrates, unless that has been done. Several at once are fine: the schema has a lock of its own.
    package func run() async throws(MigrationError) {
        guard !self.isDone else { return }
        let lease: PostgresPool.Lease
        do {
            lease = try await self.pool.lease()
        } catch {
            throw MigrationError(connecting: error)
        }
        defer { lease.giveBack() }
        try await Migrator(connection: lease.connection, logger: self.logger).up()
        self.isDone = true
    }
}

extension MigrationError {
    /// Trying again later may help.
    package var isPassing: Bool {
        switch self.code {
        case .busy: true
        case .failed: self.cause.map { $0.isRetryable || $0.isConnectionLost } ?? false
        default: false
        }
    }

    init(connecting error: PostgresError) {
        self.init(.failed, "cannot connect to bring the schema up to date", cause: error)
    }
}
