package import Logging
import WherryCore
package import WherryPostgres

/// How a read begins: gate and transaction in one flight on one connection.
///
/// The gate's statements stand before `BEGIN`, each with a snapshot of its own, so what the read sees is newer than what the gate saw, at any
/// isolation level (correctness.md, rule 7). Behind a transaction pooler they may have run on another server: so the transaction's first statement
/// asks which one it is on (rule 9).
package enum ReadOpening {
    /// What the gate's look at the server showed.
    package enum Look {
        /// Nothing was to be looked at.
        case unneeded
        case seen(ReplayObservation)
        /// It proves nothing, for a passing reason: another server behind a pooler, a promotion between two statements.
        case failed(String)
    }

    package static func flight(isolation: IsolationLevel, isGated: Bool) -> Flight {
        let begin = SQL(unsafe: "BEGIN ISOLATION LEVEL \(isolation.rawValue) READ ONLY")
        if !isGated { return Flight(begin) }
        return Flight(ReplayPoll.flight(receipts: []).segments + [[begin], [ReplayPoll.server]])
    }

    /// - Throws: what kept the transaction from being begun.
    package static func read(_ outcomes: [[StatementOutcome]], logger: Logger) throws(PostgresError) -> Look {
        if let lost = outcomes.joined().lazy.compactMap({ if case .lost(let error) = $0 { error } else { nil } }).first { throw lost }
        guard outcomes.count > 1 else {
            if let error = outcomes[0][0].error { throw error }
            return .unneeded
        }
        if let error = outcomes[2][0].error { throw error }
        switch ReplayPoll.read(Array(outcomes.prefix(2)), logger: logger) {
        case .failed(let reason), .lost(let reason): return .failed(reason)
        case .observed(let view):
            guard let row = outcomes[3][0].result?.rows.first else {
                return .failed(outcomes[3][0].error?.message ?? "the server does not say who it is")
            }
            let (startTime, address) = try row.decode(as: (Int64, String).self)
            guard view.state.startTime == startTime, view.state.address == address else {
                return .failed("the position was \(view.state.address)'s, the transaction is on \(address): a pooler stands between")
            }
            return .seen(view)
        }
    }
}
