package import WherryPostgres
package import WherryWire

/// Whose doing an error is, by the step where it came and its SQLSTATE (correctness.md, rule 23).
package enum Judgement {
    /// What to do about an error in a step of our own.
    package enum Verdict: Sendable, Hashable {
        /// Nobody's doing: no outcome; run again.
        case infrastructure
        /// The server is not in the epoch that the job is for.
        case otherEpoch
        /// Trying again does not help.
        case refuse(Refused.Code, String)
    }

    /// SQLSTATEs that functions of the schema `wherry` raise.
    package enum Raised {
        package static let clockSkew: SQLState = "WH001"
        package static let outcomeNoLongerKnown: SQLState = "WH002"
        package static let otherEpoch: SQLState = "WH003"
        package static let standby: SQLState = "WH004"
    }

    package static func verdict(on error: PostgresError, at step: JobFlight.Step) -> Verdict {
        switch error.sqlState {
        case Raised.otherEpoch: .otherEpoch
        case Raised.clockSkew: .refuse(.clockSkew, error.message)
        case Raised.outcomeNoLongerKnown: .refuse(.outcomeNoLongerKnown, error.message)
        case Raised.standby: .refuse(.unavailable, Self.explain(error))
        // BEGIN … READ WRITE says so on a standby.
        case SQLState.featureNotSupported where step == .begin && !error.isStalePlan:
            .refuse(.unavailable, Self.standbyAdvice)
        // No partition for an id that the guard let through: upkeep is behind.
        case SQLState.checkViolation where step == .receipt: .infrastructure
        default:
            if Self.isInfrastructure(error, in: step) {
                .infrastructure
            } else if [.encoding, .limitExceeded].contains(error.code) {
                .refuse(.malformed, Self.explain(error))
            } else {
                .refuse(.unavailable, Self.explain(error))
            }
        }
    }

    /// Where an error came from, as far as it matters to whose doing it is.
    package static func isInfrastructure(_ error: PostgresError, in step: JobFlight.Step) -> Bool {
        guard let sqlState = error.sqlState else {
            return !Self.unsent.contains(error.code)
        }
        if error.isConnectionLost || error.isStalePlan { return true }
        switch sqlState {
        // 25P03 and 57014 unasked: what the job's own limit does is judged before, by its timer.
        case "25P03", .serializationFailure, .deadlockDetected, .queryCanceled: return true
        // A server that goes into recovery restarts, so in a transaction that could begin, the handler made it read-only.
        case .readOnlyTransaction: return [.begin, .lookUp, .keyLookUp].contains(step)
        // `lock_timeout` is raised by the routine that handles interrupts; NOWAIT, the handler's own wish, by the one that locks.
        case .lockNotAvailable: return step != .handler || error.routine == "ProcessInterrupts"
        default: return ["08", "53", "57P", "58", "XX"].contains { sqlState.rawValue.hasPrefix($0) }
        }
    }

    /// Codes of what never reached the server, and so of the caller's own doing.
    private static let unsent: [PostgresError.Code] = [
        .encoding, .decoding, .unexpectedShape, .transactionControl, .transactionEnded, .unsupportedStatement, .limitExceeded, .cancelled,
    ]

    /// An error in the last flight that is the handler's doing all the same: it swallowed an error (25P02), made its transaction read-only
    /// (25006), or a deferred constraint or trigger of its own struck at COMMIT.
    package static func isHandlersDoing(_ error: PostgresError, at step: JobFlight.Step) -> Bool {
        switch step {
        case .restore, .receipt, .key:
            [.inFailedTransaction, .readOnlyTransaction].contains(error.sqlState) || [.encoding, .limitExceeded].contains(error.code)
        case .commit: !Self.isInfrastructure(error, in: step)
        case .rollBack, .lookUp, .keyLookUp, .begin, .open, .handler, .position, .endTwin: false
        }
    }

    /// After these a ROLLBACK makes the connection as good as new. Others leave doubts: stale plans, a server that is going.
    package static func leavesConnectionUsable(_ error: PostgresError) -> Bool {
        guard let sqlState = error.sqlState, !error.isConnectionLost else { return error.code == .rolledBack }
        return [.serializationFailure, .deadlockDetected, .lockNotAvailable, .checkViolation].contains(sqlState)
    }

    /// Nothing is wrong but that all connections of the pool are in use.
    package static func isCrowding(_ error: PostgresError) -> Bool {
        [.acquireTimeout, .poolExhausted].contains(error.code) && error.cause == nil
    }

    /// Whether trying again can help; not with wrong credentials or a wrong connection string.
    package static func mayPass(_ error: PostgresError) -> Bool {
        switch error.code {
        case .connectFailed, .invalidConfiguration: error.isRetryable
        default: true
        }
    }

    /// The error in a sentence for people, with what to do where we know.
    package static func explain(_ error: PostgresError) -> String {
        let advice: String? =
            switch error.sqlState {
            case Raised.standby: Self.standbyAdvice
            case "25P03": "its transaction stood idle for too long: the worker's process was stopped meanwhile, or starved of CPU"
            case SQLState.checkViolation: "there is no partition for its receipt: run `wherry upkeep`"
            case "3F000", "42P01", "42883", "42703": "the schema is not there or not up to date: run `wherry migrate up`"
            case SQLState.insufficientPrivilege: "the worker's role lacks a privilege: grant it (`wherry migrate print` lists them)"
            default: nil
            }
        return advice.map { "\($0) (\(error))" } ?? "\(error)"
    }

    private static let standbyAdvice = "the server that is configured as the primary is a standby: point the worker at the primary"
}
