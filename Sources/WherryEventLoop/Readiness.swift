/// What a descriptor or socket is ready for; level-triggered: it is told again on every turn of the loop for as long as it holds.
package struct Readiness: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// A read will not block: it gives data, the end of the stream, or an error.
    package static let readable = Readiness(rawValue: 1 << 0)
    /// A write will not block.
    package static let writable = Readiness(rawValue: 1 << 1)
    /// The other side hung up, the descriptor has an error or is not open, or the socket's context is gone. It comes together with whatever its
    /// owner is interested in, so that an owner who only reads meets the error in its read.
    package static let error = Readiness(rawValue: 1 << 2)

    /// What answers an interest.
    init(of interest: Interest) {
        self = []
        if interest.contains(.read) { self.insert(.readable) }
        if interest.contains(.write) { self.insert(.writable) }
    }
}
