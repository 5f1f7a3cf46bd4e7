package import Logging
import WherryCore
package import WherryPostgres

/// Brings the schema `wherry` to a version and tells where it stands. Safe when run twice at once: each version is one transaction that first
/// takes an advisory lock, then looks what is there.
package struct Migrator: Sendable {
    /// What the database has and what there is.
    package struct Status: Sendable, Hashable {
        /// Versions that have been applied, in order; empty before the first.
        package var applied: [Int]
        /// Versions that are still to come, with their names, in order.
        package var pending: [Migration]

        /// The newest version that has been applied; 0 for none.
        package var version: Int { self.applied.last ?? 0 }
        package var isUpToDate: Bool { self.pending.isEmpty }

        package init(applied: [Int], pending: [Migration]) {
            self.applied = applied
            self.pending = pending
        }
    }

    /// The newest version that there is.
    package static let newest = Migration.all.map(\.version).max() ?? 0

    private let connection: PostgresConnection
    private let patience: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - connection: of a role that may create schemas in the database, to the primary, outside any transaction. It is used alone meanwhile.
    ///   - patience: how long to wait for another migration, or for a lock. Default: 60 s.
    package init(connection: PostgresConnection, patience: Duration = .seconds(60), logger: Logger) {
        self.connection = connection
        self.patience = patience
        self.logger = logger
    }

    /// Applies what is missing up to a version, the newest by default, and sees to the partitions.
    ///
    /// - Returns: the versions that this call applied; none if everything was there.
    @discardableResult
    package func up(to target: Int = Self.newest) async throws(MigrationError) -> [Int] {
        try self.check(target)
        var applied: [Int] = []
        for migration in Migration.all where migration.version <= target {
            let isNew = try await self.inTransaction("migrating up to version \(migration.version)") { () throws(PostgresError) in
                for statement in Migration.preamble { _ = try await self.connection.query(SQL(unsafe: statement)) }
                guard try await !self.appliedVersions().contains(migration.version) else { return false }
                for statement in migration.upStatements { _ = try await self.connection.query(SQL(unsafe: statement)) }
                return true
            }
            if isNew {
                applied.append(migration.version)
                self.logger.debug("migrated up", metadata: [LogKey.schemaVersion: "\(migration.version)"])
            }
        }
        return applied
    }

    /// Takes versions back, the newest first, until this one stands; 0 takes everything away, **receipts included**.
    ///
    /// - Returns: the versions that this call took back.
    @discardableResult
    package func down(to target: Int) async throws(MigrationError) -> [Int] {
        try self.check(target)
        _ = try await self.status()
        var removed: [Int] = []
        for migration in Migration.all.reversed() where migration.version > target {
            let wasThere = try await self.inTransaction("migrating down from version \(migration.version)") { () throws(PostgresError) in
                guard try await self.isInstalled(), try await self.appliedVersions().contains(migration.version) else { return false }
                var statements = migration.downStatements
                if migration.version == Migration.all.first?.version { statements += Migration.epilogue }
                for statement in statements { _ = try await self.connection.query(SQL(unsafe: statement)) }
                return true
            }
            if wasThere {
                removed.append(migration.version)
                self.logger.debug("migrated down", metadata: [LogKey.schemaVersion: "\(migration.version)"])
            }
        }
        return removed
    }

    /// What is there and what is missing. Runs on a standby too.
    ///
    /// - Throws: ``MigrationError/Code/newerSchema`` if the database is ahead of this tool.
    package func status() async throws(MigrationError) -> Status {
        let applied: [Int]
        do {
            applied = try await self.isInstalled() ? try await self.appliedVersions() : []
        } catch {
            throw MigrationError(error, doing: "asking for the version")
        }
        if let newer = applied.last, newer > Self.newest {
            throw MigrationError(.newerSchema, "the database is at version \(newer), this tool knows \(Self.newest): use a newer one")
        }
        return Status(applied: applied, pending: Migration.all.filter { !applied.contains($0.version) })
    }

    /// The way up as plain SQL for psql: for those who let nobody but themselves change their schema.
    ///
    /// - Parameters:
    ///   - from: the version that the database has.
    ///   - target: the version that it shall have.
    package static func print(from: Int = 0, to target: Int = Self.newest) -> String {
        let migrations = Migration.all.filter { $0.version > from && $0.version <= target }
        let privileges = """
            -- Privileges, with the names of your roles in their places:
            -- a worker's role
            \(Grants.worker("worker").map { "-- \($0);" }.joined(separator: "\n"))
            -- an app's role, which reads receipts on its replica
            \(Grants.app("app").map { "-- \($0);" }.joined(separator: "\n"))

            """
        return migrations.map { "\($0.text)\n" }.joined() + privileges
    }

    // MARK: Inside

    private func check(_ target: Int) throws(MigrationError) {
        guard target == 0 || Migration.all.contains(where: { $0.version == target }) else {
            throw MigrationError(.unknownVersion, "there is no version \(target): the newest is \(Self.newest)")
        }
    }

    private func isInstalled() async throws(PostgresError) -> Bool {
        try await self.connection.query("SELECT to_regclass('wherry.migrations') IS NOT NULL").rows.scalar(as: Bool.self)
    }

    private func appliedVersions() async throws(PostgresError) -> [Int] {
        try await self.connection.query("SELECT version FROM wherry.migrations ORDER BY version").rows.decode(as: Int.self)
    }

    /// READ COMMITTED, so that what is looked at after the lock is what the one before has left.
    private func inTransaction<Result: Sendable>(
        _ doing: String, _ body: () async throws(PostgresError) -> Result
    ) async throws(MigrationError) -> Result {
        do {
            _ = try await self.connection.query("BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE")
        } catch {
            throw MigrationError(error, doing: MigrationError.beginning)
        }
        do throws(PostgresError) {
            let patience = "\(max(self.patience.components.seconds, 1))s"
            _ = try await self.connection.query("SELECT set_config('lock_timeout', \(patience), true)")
            _ = try await self.connection.query("SELECT pg_advisory_xact_lock(\(Migration.lockNumber))")
            let result = try await body()
            let tag = try await self.connection.query("COMMIT").commandTag
            guard tag == "COMMIT" else { throw PostgresError(.rolledBack, "COMMIT was answered with \(tag)") }
            return result
        } catch {
            _ = await self.connection.perform(Flight("ROLLBACK"))
            throw MigrationError(error, doing: doing)
        }
    }
}
