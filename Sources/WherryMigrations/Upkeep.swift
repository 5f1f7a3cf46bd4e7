package import Logging
import WherryCore
package import WherryPostgres

/// Keeps the partitions of `wherry.receipts`: new ones several periods ahead, old ones gone after retention (correctness.md, rule 28), and the
/// idempotency keys of their receipts with them.
///
/// It belongs to the schema's owner. Nothing that it does waits for long: every lock is tried for a short time, and what could not be had is
/// left to the next run. Run it daily or more often.
package struct Upkeep: Sendable {
    /// What a run did.
    package struct Report: Sendable, Hashable {
        /// Partitions that were made.
        package var created: [String] = []
        /// Partitions whose receipts were past retention.
        package var dropped: [String] = []
        /// How many idempotency keys were deleted, since their receipts are past retention.
        package var expiredKeys = 0
        /// Partitions that somebody still used: left to the next run.
        package var postponed: [String] = []
        /// Another run was under way, so this one did nothing.
        package var isElsewhere = false

        package init() {}
    }

    /// Keeps two runs apart.
    static let lockNumber: Int64 = 0x7768_6572_7279_0002

    private let connection: PostgresConnection
    private let lockTimeout: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - connection: of the schema's owner, to the primary, outside any transaction. It is used alone meanwhile.
    ///   - lockTimeout: how long any lock is waited for. Default: 500 ms.
    package init(connection: PostgresConnection, lockTimeout: Duration = .milliseconds(500), logger: Logger) {
        self.connection = connection
        self.lockTimeout = lockTimeout
        self.logger = logger
    }

    /// Runs upkeep if the connection's role may: for workers.
    ///
    /// - Returns: `nil` if the role does not own the receipts; then somebody else has to run `wherry upkeep`.
    package func runIfPermitted() async throws(MigrationError) -> Report? {
        let owns: Bool
        do {
            owns = try await self.connection.query(
                """
                SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = 'wherry.receipts'::regclass
                """
            ).rows.scalar(as: Bool.self)
        } catch {
            throw MigrationError(error, doing: "asking who owns the receipts")
        }
        return owns ? try await self.run() : nil
    }

    /// Makes partitions, then drops what is past retention.
    package func run() async throws(MigrationError) -> Report {
        do {
            let isMine = try await self.connection.query("SELECT pg_try_advisory_lock(\(Self.lockNumber))").rows.scalar(as: Bool.self)
            guard isMine else {
                var report = Report()
                report.isElsewhere = true
                return report
            }
        } catch {
            throw MigrationError(error, doing: "beginning upkeep")
        }
        let result: Result<Report, MigrationError>
        do {
            result = .success(try await self.work())
        } catch {
            result = .failure(error)
        }
        _ = await self.connection.perform(Flight([["RESET lock_timeout"], ["SELECT pg_advisory_unlock(\(Self.lockNumber))"]]))
        return try result.get()
    }

    private func work() async throws(MigrationError) -> Report {
        var report = Report()
        do {
            let timeout = "\(max(Int64(self.lockTimeout / .milliseconds(1)), 1))ms"
            _ = try await self.connection.query("SELECT set_config('lock_timeout', \(timeout), false)")
            let created = try await self.connection.query("SELECT name FROM wherry.create_partitions() AS name").rows
            report.created = try created.decode(as: String.self)
        } catch  where error.sqlState == .lockNotAvailable {
            report.postponed.append("new partitions")
        } catch {
            throw MigrationError(error, doing: "making partitions")
        }
        do {
            try await self.drop(into: &report)
        } catch {
            throw MigrationError(error, doing: "dropping old partitions")
        }
        self.logger.debug(
            "upkeep done",
            metadata: [
                LogKey.partitionsCreated: "\(report.created.count)", LogKey.partitionsDropped: "\(report.dropped.count)",
                LogKey.partitionsPostponed: "\(report.postponed)",
            ])
        return report
    }

    private func drop(into report: inout Report) async throws(PostgresError) {
        // A partition goes only when every id in it is past retention. The floor rises first: from then on no such id is taken.
        let old = try await self.connection.query(
            """
            SELECT p.name, p.detach_pending, p.to_time FROM wherry.receipt_partitions p, wherry.settings s
            WHERE p.to_time <= clock_timestamp() - s.retention OR p.detach_pending ORDER BY p.to_time
            """
        ).rows
        for name in try old.map({ row throws(PostgresError) in try row.decode("name", as: String.self) }) {
            _ = try await self.connection.query(
                """
                UPDATE wherry.settings s SET id_floor = p.to_time FROM wherry.receipt_partitions p
                WHERE p.name = \(name)::name AND s.id_floor < p.to_time
                """)
        }
        // Before the receipts that they stand for are out of reach.
        try await self.deleteKeys(into: &report)
        for row in old {
            let name = try row.decode("name", as: String.self)
            let isPending = try row.decode("detach_pending", as: Bool.self)
            let way: SQL = isPending ? "FINALIZE" : "CONCURRENTLY"
            do {
                _ = try await self.connection.query("ALTER TABLE wherry.receipts DETACH PARTITION \(identifier: "wherry", name) \(way)")
            } catch  where Self.isTransient(error) {
                report.postponed.append(name)
            }
        }
        // Whatever is detached is past retention, for partitions are made and attached in one transaction; also those of a run that was cut off.
        let detached = try await self.connection.query(
            """
            SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'wherry'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
            AND c.relname ~ '^receipts_[0-9]{8}_[0-9]{4}$' ORDER BY c.relname
            """
        ).rows.decode(as: String.self)
        for name in detached {
            do {
                _ = try await self.connection.query("DROP TABLE \(identifier: "wherry", name)")
                report.dropped.append(name)
            } catch  where Self.isTransient(error) {
                report.postponed.append(name)
            }
        }
    }

    /// Deletes the keys of jobs below the floor, some at a time: no copy of those is taken any more.
    private func deleteKeys(into report: inout Report) async throws(PostgresError) {
        var deleted: Int
        repeat {
            deleted = try await self.connection.query(
                """
                DELETE FROM wherry.keys k WHERE (k.scope, k.key) IN (
                    SELECT old.scope, old.key FROM wherry.keys old
                    WHERE old.id < (SELECT wherry.lowest_id(s.id_floor) FROM wherry.settings s WHERE s.id_floor > '-infinity')
                    ORDER BY old.id LIMIT \(Self.keysAtATime)
                )
                """
            ).affectedRows
            report.expiredKeys += deleted
        } while deleted == Self.keysAtATime
    }

    private static let keysAtATime = 5_000

    /// Somebody uses the table, or its detachment is under way.
    private static func isTransient(_ error: PostgresError) -> Bool {
        [.lockNotAvailable, .queryCanceled, "55000"].contains(error.sqlState)
    }
}
