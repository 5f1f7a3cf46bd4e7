/// A fault that can be built into the world on purpose, to see whether the simulation finds it. Each breaks one promise that the machines
/// rely on, or forges what they would conclude if one of their rules were missing.
package enum Mutation: String, Sendable, CaseIterable {
    /// A second receipt of an id does not conflict: its transaction commits.
    case receiptsDoNotConflict
    /// A refusal of one copy counts as if no copy had ever been dispatched.
    case anyRefusalIsFinal
    /// The replica's position counts as proof: a poll claims to have seen the receipt once the position is reached.
    case completesByPosition
    /// The position of a commit is read before the commit.
    case tokenBeforeCommit
    /// A worker serves requests and fences of any epoch.
    case servesAnyEpoch
    /// A handler's failure is told without its receipt being stored.
    case tellsFailureWithoutReceipt
    /// COMMIT in doubt is answered as failed.
    case failsWhatIsInDoubt
    /// A worker that loses its broker forgets what runs here and says so in its HELLO, and the broker's answer is dropped.
    case forgetsHandles
}
