package import WherryCore

/// The answer to `PositionRequest`.
package struct Position: Hashable, Sendable {
    /// As in the question.
    package var number: UInt64
    /// A position that was flushed on the primary after the question came in.
    package var token: CausalToken

    package init(number: UInt64, token: CausalToken) {
        self.number = number
        self.token = token
    }
}
