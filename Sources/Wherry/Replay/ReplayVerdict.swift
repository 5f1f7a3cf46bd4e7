package import WherryCore
package import WherryJobs

/// How a wait ended. Each wait ends exactly once.
package enum ReplayVerdict: Hashable, Sendable {
    /// The server has replayed the token; what it had replayed by then.
    case reached(CausalToken)
    /// The receipt is visible; `seen` is the position asked *afterwards* (correctness.md, rule 9).
    case receipt(Receipt, seen: CausalToken)
    /// The server is in a newer history than the token, and a proof's receipt is not there: whoever waits judges anew.
    case superseded(by: Epoch)
    /// It will not come, or not in time.
    case failed(ReplayError)
}
