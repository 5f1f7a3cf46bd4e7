/// A question: how far is the primary? One that is not answered is asked again.
package struct PositionRequest: Hashable, Sendable {
    /// The asker's number for this question.
    package var number: UInt64

    package init(number: UInt64) {
        self.number = number
    }
}
