/// What a receipt says. The first receipt of an id is its outcome, for ever.
public enum Outcome: String, Hashable, Sendable, CaseIterable, Codable {
    /// The handler returned and its transaction committed.
    case committed
    /// The handler threw, or a statement of it failed by its own doing; its transaction was rolled back.
    case failed
    /// Its caller gave up before it committed.
    case cancelled
    /// Its deadline passed before it committed.
    case expired
    /// Workers died while running it, too often.
    case poisoned
    /// It had committed, and an asynchronous failover lost it.
    case lost
}
