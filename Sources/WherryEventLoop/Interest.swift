/// What the owner of a descriptor or socket wants to hear of.
package struct Interest: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// There is something to read, or the end of the stream.
    package static let read = Interest(rawValue: 1 << 0)
    /// There is room to write.
    package static let write = Interest(rawValue: 1 << 1)
}
