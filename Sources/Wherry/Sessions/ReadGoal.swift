package import WherryCore

/// What a read waits for.
package enum ReadGoal: Hashable, Sendable {
    case nothing
    /// A token; `isConfirmed` if the primary has been asked since it was known.
    case token(CausalToken, isConfirmed: Bool)
    /// The primary's position, which is not known yet.
    case global
}
