/// A question for what a broker holds.
package struct StatusRequest: Hashable, Sendable {
    /// The asker's own; the answer has the same one.
    package var number: UInt64

    package init(number: UInt64) {
        self.number = number
    }
}
