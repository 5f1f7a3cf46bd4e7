import Synchronization
import WherryCore
import WherryEventLoop
import WherryJobs

/// Tokens that are judged or waited for without a read of ours.
extension LocalReads {
    /// Whether a token can never be waited for: of another history, or beyond all that the primary knows.
    func isHopeless(_ token: CausalToken, until: MonotonicInstant) async -> Bool {
        do {
            try await self.confirm(token, until: until)
            return false
        } catch let error as JobError {
            return error.code == .forkedHistory || error.code == .implausibleToken
        } catch {
            return false
        }
    }

    /// Holds a token against what is known, and against the primary if that is not enough.
    ///
    /// - Returns: what to wait for.
    @discardableResult
    private func confirm(_ token: CausalToken, until: MonotonicInstant) async throws -> ReadGoal {
        var goal = ReadGoal.token(token, isConfirmed: false)
        var verdict = self.gate.withLock { $0.judgeUnseen(goal) }
        if verdict == .ask {
            try await self.pursue(verdict, &goal, until: until)
            verdict = self.gate.withLock { $0.judgeUnseen(goal) }
        }
        if case .refused(let code, let message) = verdict { throw JobError(code, message, region: self.region) }
        return goal
    }

    func waitUntilVisible(_ token: CausalToken, until: MonotonicInstant) async throws(JobError) {
        do {
            var goal = try await self.confirm(token, until: until)
            while case .token(let wanted, _) = goal {
                try await self.pursue(.wait, &goal, until: until)
                // Exchanged for another one, if it was of a history before a failover.
                if goal == .token(wanted, isConfirmed: true) || goal == .token(wanted, isConfirmed: false) { return }
            }
        } catch let error as JobError {
            throw error
        } catch {
            throw JobError(.cancelled, "the task was cancelled while it waited for a token", region: self.region, cause: error)
        }
    }
}
