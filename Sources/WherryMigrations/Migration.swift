/// One step of the schema's life: statements that lead to it and statements that lead back.
///
/// Statement by statement, since libpq's pipeline takes no multi-statement strings. Written down once and never changed afterwards: what has
/// been applied somewhere is history.
package struct Migration: Sendable, Hashable {
    /// Counts up from 1, without gaps.
    package let version: Int
    /// For people.
    package let name: String
    package let up: [String]
    package let down: [String]

    /// All that there are, in order.
    package static let all: [Migration] = [.ledger, .keys]
}
