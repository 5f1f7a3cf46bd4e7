package import WherryCore
package import WherryPostgres
package import WherryWire

extension JobFlight {
    /// What its SQL needs to know besides its meaning.
    package struct Parameters: Sendable {
        package var job: JobIdentity
        package var key: JobKey?
        package var epoch: Epoch
        /// The newest position of this epoch that this process has seen flushed; a server behind it is a restored backup.
        package var knownPosition: LSN
        package var options: HandlerOptions

        package init(job: JobIdentity, key: JobKey? = nil, epoch: Epoch, knownPosition: LSN, options: HandlerOptions) {
            self.job = job
            self.key = key
            self.epoch = epoch
            self.knownPosition = knownPosition
            self.options = options
        }

        var id: JobID { self.job.id }

        /// The advisory lock of the id, or of the key: the first eight bytes of a hash, so that it meets no lock of the application's by design
        /// of either.
        ///
        /// Name and version are part of the key's: only copies of one piece of work have the same time limit, by which a twin that holds the
        /// lock for too long is ended. Different jobs under one key meet at the insert of the key, and one of them is undone.
        var lockNumber: Int64 {
            var name = Array("wherry.job:".utf8) + self.id.bytes
            if let key {
                let parts = [self.job.scope, key.text, self.job.name, "\(self.job.version)"]
                name = Array("wherry.key:".utf8) + parts.flatMap { Array("\($0.utf8.count):\($0)".utf8) }
            }
            return JobCodec.digest(name).prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        }
    }

    /// The statements, each with the step that it stands for.
    package func segments(_ parameters: Parameters) -> [[(step: Step, sql: SQL)]] {
        switch self {
        case .open(let lookUp):
            var segments: [[(step: Step, sql: SQL)]] = lookUp ? [[(.lookUp, Receipt.lookUp([parameters.id]))]] : []
            if let key = parameters.key { segments.append([(.keyLookUp, KeyHolder.check(key, scope: parameters.job.scope))]) }
            segments.append([(.begin, parameters.begin), (.open, parameters.open)])
            return segments
        case .commit(let receipt, let synchronousCommit):
            var last: [(step: Step, sql: SQL)] = [
                (.restore, "RESET ROLE"), (.restore, "RESET SESSION AUTHORIZATION"),
                (.restore, parameters.restore(synchronousCommit: synchronousCommit)),
            ]
            last += Self.insertAndCommit(receipt)
            return [last, [(.position, Self.position)]]
        case .store(let receipt, let afterRollback):
            var whole: [(step: Step, sql: SQL)] = [
                (.begin, "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE"), (.open, parameters.prepareStore),
            ]
            whole += Self.insertAndCommit(receipt)
            return Self.rollback(afterRollback) + [whole, [(.position, Self.position)]]
        case .lookUp(let afterRollback, let endTwin):
            let end: [[(step: Step, sql: SQL)]] = endTwin ? [[(.endTwin, parameters.endTwin)]] : []
            let check = Parameters.requireEpoch(parameters.epoch, knownPosition: parameters.knownPosition)
            var look: [(step: Step, sql: SQL)] = [(.lookUp, check), (.lookUp, Receipt.lookUp([parameters.id]))]
            if let key = parameters.key { look.append((.keyLookUp, KeyHolder.lookUp(key, scope: parameters.job.scope))) }
            return Self.rollback(afterRollback) + [look, [(.position, Self.position)]] + end
        case .rollBack:
            return Self.rollback(true)
        }
    }

    /// What the answers mean.
    package func outcome(of answers: [[StatementOutcome]], _ parameters: Parameters) -> Outcome {
        let steps = self.segments(parameters).map { $0.map(\.step) }
        let answered = zip(steps, answers).flatMap { zip($0, $1) }
        var results: [Step: QueryResult] = [:]
        var failure: (step: Step, error: PostgresError)?
        for (step, answer) in answered {
            if let result = answer.result { results[step] = result }
            if failure == nil, let error = answer.error { failure = (step, error) }
        }
        do {
            return try self.outcome(results, failure)
        } catch {
            return .failed(failure?.step ?? .lookUp, error)
        }
    }

    private func outcome(_ results: [Step: QueryResult], _ failure: (step: Step, error: PostgresError)?) throws(PostgresError) -> Outcome {
        switch self {
        case .open:
            if [.lookUp, .keyLookUp].contains(where: { !(results[$0]?.rows.isEmpty ?? true) }) {
                return .opened(Opened(hasReceipt: true, locked: false, synchronousCommit: ""))
            }
            if let failure { return .failed(failure.step, failure.error) }
            guard let row = results[.open]?.rows.first else { throw PostgresError(.unexpectedShape, "BEGIN's flight has no answer") }
            return .opened(
                Opened(
                    hasReceipt: false, locked: try row.decode("locked", as: Bool.self),
                    synchronousCommit: try row.decode("synchronous_commit", as: String.self)))
        case .commit, .store:
            guard let commit = results[.commit] else {
                throw failure?.error ?? PostgresError(.unexpectedShape, "COMMIT's flight has no answer")
            }
            guard commit.commandTag == "COMMIT" else { return .notCommitted }
            return .stored(try results[.position]?.rows.scalar(as: LSN.self))
        case .lookUp:
            // Whether a twin could be ended is no matter of this job.
            if let failure, failure.step != .endTwin { return .failed(failure.step, failure.error) }
            guard let rows = results[.lookUp]?.rows, let position = results[.position]?.rows else {
                throw PostgresError(.unexpectedShape, "the look-up's flight has no answer")
            }
            let flushed = try position.scalar(as: LSN.self)
            if let row = rows.first { return .lookedUp(try Receipt(row: row), flushed) }
            if let row = results[.keyLookUp]?.rows.first { return .keyTaken(try KeyHolder(row: row), flushed) }
            return .lookedUp(nil, flushed)
        case .rollBack:
            if let failure { return .failed(failure.step, failure.error) }
            return .rolledBack
        }
    }

    /// Never the insert position (correctness.md, rule 1).
    static let position: SQL = "SELECT pg_catalog.pg_current_wal_flush_lsn()"

    private static func insertAndCommit(_ receipt: Receipt) -> [(step: Step, sql: SQL)] {
        var statements: [(step: Step, sql: SQL)] = [(.receipt, receipt.insert)]
        if let claim = receipt.insertOfClaim { statements.append((.key, claim)) }
        statements.append((.commit, "COMMIT"))
        return statements
    }

    private static func rollback(_ wanted: Bool) -> [[(step: Step, sql: SQL)]] {
        wanted ? [[(.rollBack, "ROLLBACK")]] : []
    }
}

extension JobFlight.Parameters {
    /// READ WRITE, so that a role's `default_transaction_read_only` does not matter and a standby says at once what it is.
    fileprivate var begin: SQL {
        SQL(unsafe: "BEGIN ISOLATION LEVEL \(self.options.isolation.rawValue), READ WRITE")
    }

    /// Settings first, so that they bound what follows; then epoch, guard and lock.
    fileprivate var open: SQL {
        """
        SELECT \(Self.forceSynchronousCommit) AS synchronous_commit, \(self.timeouts), \(self.epochCheck), \
        wherry.guarded(\(self.id), true), pg_catalog.pg_try_advisory_xact_lock(\(self.lockNumber)) AS locked
        """
    }

    /// A handler may have changed them (rule 26). Without `statement_timeout`: under synchronous replication it would end COMMIT's wait for
    /// the standby, with a mere warning (rule 27). Waits for locks stay bounded.
    fileprivate func restore(synchronousCommit: String) -> SQL {
        """
        SELECT pg_catalog.set_config('synchronous_commit', \(synchronousCommit), true), \
        pg_catalog.set_config('statement_timeout', '0', true), \(self.waits)
        """
    }

    fileprivate var prepareStore: SQL {
        "SELECT \(Self.forceSynchronousCommit), \(self.timeouts), \(self.epochCheck)"
    }

    /// Raises if the server is not in this epoch, or is behind what is known of it.
    package static func requireEpoch(_ epoch: Epoch, knownPosition: LSN) -> SQL {
        """
        SELECT wherry.require_epoch(\(Int64(bitPattern: epoch.systemIdentifier)), \(Int32(bitPattern: epoch.timeline)), \
        \(Int32(bitPattern: epoch.restoreCounter)), \(Int64(bitPattern: epoch.random)), \(knownPosition))
        """
    }

    private var epochCheck: SQL {
        "(\(Self.requireEpoch(self.epoch, knownPosition: self.knownPosition)))"
    }

    /// Rule 2: anything but `off`; the server's own choice where it has made a safe one.
    private static let forceSynchronousCommit: SQL = """
        pg_catalog.set_config('synchronous_commit', \
        replace(pg_catalog.current_setting('synchronous_commit'), 'off', 'on'), true)
        """

    /// Rule 25.
    private var timeouts: SQL {
        "pg_catalog.set_config('statement_timeout', \(Self.setting(self.options.timeout)), true), \(self.waits)"
    }

    private var waits: SQL {
        """
        pg_catalog.set_config('lock_timeout', \(Self.setting(self.options.lockTimeout)), true), \
        pg_catalog.set_config('idle_in_transaction_session_timeout', \(Self.setting(self.options.idleTimeout)), true)
        """
    }

    /// Ends backends that have held the id's lock for longer than the job's limit: frozen workers whose handler had lifted its timeouts.
    fileprivate var endTwin: SQL {
        let number = UInt64(bitPattern: self.lockNumber)
        let limit = "\(Self.milliseconds(self.options.timeout)) milliseconds"
        return """
            SELECT pg_catalog.pg_terminate_backend(l.pid) FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) \
            WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.database = a.datid \
            AND a.datname = pg_catalog.current_database() AND l.pid <> pg_catalog.pg_backend_pid() \
            AND l.classid = \(Int64(number >> 32))::oid AND l.objid = \(Int64(number & 0xFFFF_FFFF))::oid \
            AND pg_catalog.clock_timestamp() - a.xact_start > \(limit)::interval
            """
    }

    /// PostgreSQL's largest such setting is 2³¹ − 1 ms; 0 would turn it off.
    private static func milliseconds(_ duration: Duration) -> Int64 {
        min(max(duration.saturatedNanoseconds / 1_000_000, 1), Int64(Int32.max))
    }

    private static func setting(_ duration: Duration) -> String {
        "\(Self.milliseconds(duration))ms"
    }
}
