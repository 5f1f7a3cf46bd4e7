import WherryJobs
import WherryPostgres

/// What PostgreSQL says of a read, in a reader's terms (correctness.md, rules 18 and 19).
extension JobError {
    /// The error to throw for one that a read met; whatever is the caller's own stays what it is.
    static func explained(_ error: any Error, region: String, isolation: IsolationLevel = .readCommitted) -> any Error {
        guard let error = error as? PostgresError else { return error }
        switch error.code {
        case .poolClosed: return JobError(.clientClosed, Code.clientClosed.advice, region: region, cause: error)
        case .poolExhausted:
            return JobError(.overloaded, "too many reads wait for a connection (maximumReadConnections)", region: region, cause: error)
        case .acquireTimeout where error.cause == nil:
            return JobError(.overloaded, "no connection became free in time (maximumReadConnections)", region: region, cause: error)
        case .acquireTimeout, .connectFailed, .connectTimeout, .connectionLost, .connectionClosed:
            let code = (error.cause as? PostgresError ?? error).isRetryable ? Code.replicaUnavailable : .misconfigured
            return JobError(
                code, "the local server cannot be used: \(error.cause.map { "\($0)" } ?? error.message)", region: region, cause: error)
        case .rolledBack:
            guard let cause = error.cause as? PostgresError, cause.code == .server else { return error }
            let explained = Self.explained(cause, region: region, isolation: isolation)
            return explained is JobError ? explained : error
        case .server: return Self.misplaced(error, region: region, isolation: isolation) ?? error
        default: return error
        }
    }

    /// A statement that only a primary, or only a transaction that may write, can run.
    private static func misplaced(_ error: PostgresError, region: String, isolation: IsolationLevel) -> JobError? {
        let advice = "do it in a job (client.call), or with client.execute: they run at the primary"
        switch error.sqlState {
        case .readOnlyTransaction:
            // Also SELECT … FOR UPDATE, nextval, LISTEN, NOTIFY, LOCK and temporary tables.
            return JobError(
                .readOnly, "\(error.message): a read cannot write, lock rows or draw from a sequence; \(advice)", region: region,
                cause: error)
        case .featureNotSupported where isolation == .serializable:
            return JobError(.readOnly, "a replica has no SERIALIZABLE: use .repeatableRead", region: region, cause: error)
        // Names of C routines are neither translated nor have they changed for years; the messages are.
        case .featureNotSupported where error.routine == "get_relation_info":
            return JobError(.readOnly, "unlogged and temporary tables are not on replicas; \(advice)", region: region, cause: error)
        default: return nil
        }
    }

    /// The error for a read that was interrupted once too often.
    static func interruptedRead(_ cause: PostgresError, attempts: Int, region: String) -> any Error {
        let times = attempts == 1 ? "once" : "\(attempts) times"
        switch cause.sqlState {
        case .serializationFailure, .deadlockDetected:
            return JobError(
                .replicaUnavailable,
                "the read stood in the way of replay and was cancelled, \(times): shorten it, or raise max_standby_streaming_delay or "
                    + "hot_standby_feedback on the replica",
                region: region, cause: cause)
        default:
            return JobError(
                .replicaUnavailable, "the local server ended the read, \(times): \(cause.message)", region: region, cause: cause)
        }
    }
}
