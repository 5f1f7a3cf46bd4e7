package import Logging
package import WherryCore
import WherryJobs
package import WherryPostgres

/// What the notifier asks of the server, and how it reads the answers.
package enum ReplayPoll {
    package enum Answer {
        case observed(ReplayObservation)
        /// For a passing reason; the connection is fine.
        case failed(String)
        case lost(String)
    }

    /// Everything that a poll must see at one moment, in one statement (correctness.md, rule 11). `CASE`, since the functions of one role raise
    /// in the other.
    private static let state: SQL = """
        SELECT pg_catalog.pg_is_in_recovery(), \
        CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_flush_lsn() END, \
        CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8) END, \
        (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint, \
        coalesce(pg_catalog.host(pg_catalog.inet_server_addr()), 'local') || ':' || pg_catalog.current_setting('port'), \
        CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_get_wal_replay_pause_state() <> 'not paused' ELSE false END, \
        EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver)
        """

    /// Where the server stands.
    static let position: SQL = """
        SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() \
        ELSE pg_catalog.pg_current_wal_flush_lsn() END
        """

    /// Which server answers (rule 9), as `state` says it.
    static let server: SQL = """
        SELECT (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint, \
        coalesce(pg_catalog.host(pg_catalog.inet_server_addr()), 'local') || ':' || pg_catalog.current_setting('port')
        """

    /// One flight of two or three segments. Each statement has a snapshot of its own, taken when the ones before it are done.
    package static func flight(receipts: [JobID]) -> Flight {
        var segments = [[Self.state], [EpochStore.newest]]
        if !receipts.isEmpty { segments.append([Receipt.lookUp(receipts), Self.position]) }
        return Flight(segments)
    }

    package static func read(_ outcomes: [[StatementOutcome]], logger: Logger) -> Answer {
        if let lost = outcomes.joined().lazy.compactMap({ if case .lost(let error) = $0 { error } else { nil } }).first {
            return .lost("\(lost)")
        }
        do {
            guard let row = outcomes[0][0].result?.rows.first else {
                return .failed(outcomes[0][0].error.map { "\($0)" } ?? "the server does not say where it stands")
            }
            var observation = ReplayObservation(state: try Self.state(row), epoch: nil)
            switch Self.refusal(of: outcomes[1][0]) {
            case nil: observation.epoch = try outcomes[1][0].result?.rows.first.map(EpochStore.decode)
            case .missing: break
            case .denied(let reason): observation.denied = reason
            case .passing(let reason): return .failed(reason)
            }
            guard outcomes.count > 2 else { return .observed(observation) }
            switch Self.refusal(of: outcomes[2][0]) {
            case nil:
                observation.receipts = Self.receipts(outcomes[2][0].result, logger: logger)
                observation.positionAfter = try outcomes[2][1].result?.rows.scalar(as: LSN?.self)
            case .missing, .passing: observation.receipts = nil
            case .denied(let reason): observation.denied = reason
            }
            return .observed(observation)
        } catch {
            return .failed("\(error)")
        }
    }

    private static func state(_ row: Row) throws(PostgresError) -> ReplayObservation.State {
        let (isInRecovery, position, timeline, startTime, address, isPaused, hasReceiver) = try row.decode(
            as: (Bool, LSN?, String?, Int64, String, Bool, Bool).self
        )
        return ReplayObservation.State(
            isInRecovery: isInRecovery,
            position: position,
            timeline: timeline.flatMap { UInt32($0, radix: 16) },
            startTime: startTime,
            address: address,
            isPaused: isPaused,
            hasReceiver: hasReceiver
        )
    }

    private static func receipts(_ result: QueryResult?, logger: Logger) -> [JobID: Receipt] {
        var receipts: [JobID: Receipt] = [:]
        for row in result.map({ Array($0.rows) }) ?? [] {
            do {
                let receipt = try Receipt(row: row)
                receipts[receipt.id] = receipt
            } catch {
                // Nobody's outcome must be guessed from it; whoever waits for it runs into its deadline, with the reason in the log.
                logger.warning("a receipt cannot be read", metadata: [LogKey.error: "\(error)"])
            }
        }
        return receipts
    }

    /// Why a statement gave no rows.
    private enum Refusal {
        /// The schema has not been replayed here yet.
        case missing
        case denied(String)
        case passing(String)
    }

    private static func refusal(of outcome: StatementOutcome) -> Refusal? {
        switch outcome {
        case .result: return nil
        case .skipped: return .passing("the statement was skipped")
        case .failed(let error), .lost(let error):
            switch error.sqlState {
            case "42P01", "3F000": return .missing  // no such table, no such schema
            case .insufficientPrivilege: return .denied("\(error.message): GRANT it to the role that reads")
            default: return .passing("\(error)")
            }
        }
    }
}
