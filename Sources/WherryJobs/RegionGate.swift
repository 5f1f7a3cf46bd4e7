import WherryCore
import WherryPostgres

/// What a region job's database is asked before the job may read: how far it has replayed.
///
/// A short poll, never a wait inside SQL (correctness.md, rule 8), on the connection that then runs the job, so that gate and read are on one
/// server (rule 9) and in two statements, gate first (rule 7).
enum RegionGate {
    /// What the database shows.
    struct Observation: Sendable {
        /// The newest epoch, if it was the same before and after the position was read: otherwise the position tells nothing.
        var epoch: Epoch?
        /// Replayed on a standby, flushed on a primary.
        var position: LSN?
        /// The server answers, but could not say it this time.
        var problem: PostgresError?

        /// Reads at this moment see at least this.
        var token: CausalToken? {
            guard let epoch = self.epoch, let position = self.position else { return nil }
            return CausalToken(epoch: epoch, lsn: position)
        }
    }

    /// What follows from it.
    enum Verdict: Sendable {
        case open(CausalToken)
        case wait
        /// The token is of another history: of an older one, of a fork, or of another database.
        case foreign(Epoch)
    }

    private static let position: SQL = """
        SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() \
        ELSE pg_catalog.pg_current_wal_flush_lsn() END
        """

    /// Epoch, position, epoch, each in a statement of its own.
    static let flight = Flight([[EpochStore.newest], [Self.position], [EpochStore.newest]])

    /// - Throws: if the connection is lost.
    static func read(_ answers: [[StatementOutcome]]) throws(PostgresError) -> Observation {
        for case .lost(let error) in answers.joined() { throw error }
        if let error = answers.joined().lazy.compactMap(\.error).first { return Observation(problem: error) }
        func epoch(_ index: Int) throws(PostgresError) -> Epoch? {
            guard let row = answers[index][0].result?.rows.first else { return nil }
            return try EpochStore.decode(row)
        }
        let (before, after) = (try epoch(0), try epoch(2))
        guard before == after else { return Observation() }
        return Observation(epoch: after, position: try answers[1][0].result?.rows.scalar(as: LSN?.self))
    }

    static func judge(_ observation: Observation, for token: CausalToken?) -> Verdict {
        guard let seen = observation.token else { return .wait }
        guard let token else { return .open(seen) }
        switch token.epoch.relation(to: seen.epoch) {
        case .same: return token.lsn <= seen.lsn ? .open(seen) : .wait
        // The failover's history is on its way here.
        case .newer: return .wait
        case .older, .fork, .otherSystem: return .foreign(seen.epoch)
        }
    }

    /// How long to wait before the next look: an eighth of the wait so far, so that a wait is overshot by an eighth of itself at most.
    static func pause(after waited: Duration) -> Duration {
        min(max(waited / 8, .milliseconds(1)), .milliseconds(20))
    }
}
