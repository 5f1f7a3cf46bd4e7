package import WherryCore
package import WherryJobs

/// Whether a server shows enough for a read, and what to do if it does not. Pure.
///
/// It also holds what this process knows of the database for certain, that is from the local server, from receipts and from the primary. Tokens
/// come from outside as well: a cookie can be forged. So a token that lies further beyond what is known than `maximumLead` is held against the
/// primary's own position before anybody waits for it; one that the primary knows nothing of is refused.
package struct ReadGate: Sendable {
    /// What a server said of itself, at one moment.
    package typealias View = ReplayObservation

    package enum Verdict: Hashable, Sendable {
        /// The read may begin.
        case open
        /// The first look at this server, or at this role or history of it, judges nothing (correctness.md, rule 11).
        case again
        /// It will come: ask the notifier.
        case wait
        /// Ask the primary for its position.
        case ask
        /// The token is of a history that ended in a failover: what survived of it lies below the primary's position (design.md, "Tokens and
        /// epochs").
        case exchange
        case refused(JobError.Code, String)
    }

    /// Which server, and in which state, a look met.
    private struct Standing: Hashable {
        var address: String
        var startTime: Int64
        var isInRecovery: Bool
        var epoch: Epoch
    }

    /// How many bytes of WAL a token may lie beyond what is known before the primary is asked whether there is such a position.
    package let maximumLead: UInt64
    /// The newest that is known for certain.
    package private(set) var known: CausalToken?
    /// What the last looks met: one for each server behind a name.
    private var standings: [Standing] = []
    private static let maximumStandings = 16

    package init(maximumLead: UInt64 = 64 << 20) {
        self.maximumLead = maximumLead
    }

    /// Takes note of a token that is certain.
    package mutating func learn(_ token: CausalToken) {
        self.known = self.known.map { $0.merged(with: token) ?? $0 } ?? token
    }

    /// Judges a look at a server, made by two statements: position, then epoch.
    package mutating func judge(_ goal: ReadGoal, by view: View) -> Verdict {
        if goal == .nothing { return .open }
        if let denied = view.denied { return .refused(.misconfigured, denied) }
        guard let epoch = view.epoch, let position = view.state.position else { return self.judgeUnseen(goal) }
        let standing = Standing(
            address: view.state.address, startTime: view.state.startTime, isInRecovery: view.state.isInRecovery, epoch: epoch)
        guard self.isConfirmed(standing) else { return .again }
        let isPrimary = !view.state.isInRecovery
        // After a promotion the newest row is the old history's until the first worker writes its own (rule 29).
        if isPrimary, let timeline = view.state.timeline, timeline != epoch.timeline { return goal == .global ? .ask : .wait }
        self.learn(CausalToken(epoch: epoch, lsn: position))

        switch goal {
        case .nothing: return .open
        case .global:
            let isNewest = self.known.map { $0.epoch == epoch } ?? true
            return isPrimary && isNewest ? .open : .ask
        case .token(let token, let isConfirmed):
            switch token.epoch.relation(to: epoch) {
            case .same: return token.lsn <= position ? .open : self.judgeDistant(token, isConfirmed: isConfirmed)
            case .older: return isPrimary ? .open : .exchange
            case .newer: return self.judgeDistant(token, isConfirmed: isConfirmed)
            case .fork, .otherSystem: return Self.refuse(token, against: epoch)
            }
        }
    }

    /// Judges a token without a look at a server: for those who only want to know whether it makes sense. Never `open`.
    package func judgeUnseen(_ goal: ReadGoal) -> Verdict {
        switch goal {
        case .nothing: .open
        case .global: .ask
        case .token(let token, let isConfirmed): self.judgeDistant(token, isConfirmed: isConfirmed)
        }
    }

    /// A token that the local server has not reached.
    private func judgeDistant(_ token: CausalToken, isConfirmed: Bool) -> Verdict {
        guard let known else { return isConfirmed ? .wait : .ask }
        switch token.epoch.relation(to: known.epoch) {
        case .same where token.lsn <= known.lsn: return .wait
        case .same where !isConfirmed: return token.lsn.rawValue - known.lsn.rawValue <= self.maximumLead ? .wait : .ask
        case .newer where !isConfirmed: return .ask
        // The local server is still in that history; it will come to its end.
        case .older: return .wait
        case .same, .newer:
            return .refused(
                .implausibleToken,
                "the token names \(token.lsn) on \(token.epoch), but the primary stands at \(known.lsn) on \(known.epoch)")
        case .fork, .otherSystem: return Self.refuse(token, against: known.epoch)
        }
    }

    private static func refuse(_ token: CausalToken, against epoch: Epoch) -> Verdict {
        let message =
            token.epoch.systemIdentifier == epoch.systemIdentifier
            ? "the token is of \(token.epoch), the local server of \(epoch): two forks of one timeline"
            : "the token is of system \(token.epoch.systemIdentifier), the local server of \(epoch.systemIdentifier)"
        return .refused(.forkedHistory, "\(message). Drop the token")
    }

    private mutating func isConfirmed(_ standing: Standing) -> Bool {
        if self.standings.contains(standing) { return true }
        if self.standings.count == Self.maximumStandings { self.standings.removeFirst() }
        self.standings.append(standing)
        return false
    }
}
