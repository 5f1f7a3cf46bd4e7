public import WherryCore

/// What a read must see at least. The names are Aurora's.
///
/// | level | sees | costs |
/// |---|---|---|
/// | ``eventual`` | what the local server happens to have | nothing |
/// | ``session`` | all that its session wrote or saw | nothing, if the local server is there already |
/// | ``token(_:)`` | all that the token stands for | the same |
/// | ``global`` | all that was committed, anywhere, when the read began | a round trip to the primary, then the wait for it here |
public struct ReadConsistency: Hashable, Sendable {
    enum Level: Hashable, Sendable {
        case eventual
        case session
        case token(CausalToken)
        case global
    }

    let level: Level

    /// Whatever the local server has now. Never waits; it may be older than what was read before.
    public static let eventual = ReadConsistency(level: .eventual)

    /// At least all that this session wrote or saw: the default. A client's own reads count the client as the session (``WherryClient/token``).
    public static let session = ReadConsistency(level: .session)

    /// At least what the token stands for, wherever it comes from.
    public static func token(_ token: CausalToken) -> ReadConsistency {
        ReadConsistency(level: .token(token))
    }

    /// At least all that had been committed by anybody when the read began. The primary is asked for its position: one question for all
    /// readers that wait at the time.
    public static let global = ReadConsistency(level: .global)
}
