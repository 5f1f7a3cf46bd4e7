package import WherryCore

/// What somebody waits for on the local server.
package enum ReplayCondition: Hashable, Sendable {
    /// The position: reads afterwards see at least what the token stands for.
    case position(CausalToken)
    /// A job's receipt. The token says when to look, the receipt is the proof (design.md, "the life of a write job", step 5).
    case proof(JobID, CausalToken)
    /// A job's receipt, whenever it comes: the second way home.
    case receipt(JobID)

    /// The token to wait for, if there is one.
    package var token: CausalToken? {
        switch self {
        case .position(let token), .proof(_, let token): token
        case .receipt: nil
        }
    }

    /// The job whose receipt is wanted, if there is one.
    package var jobID: JobID? {
        switch self {
        case .position: nil
        case .proof(let id, _), .receipt(let id): id
        }
    }
}
