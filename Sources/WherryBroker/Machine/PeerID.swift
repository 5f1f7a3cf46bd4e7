/// Who is at the other end of a connection: the routing id that a ROUTER socket puts before each message.
package struct PeerID: Hashable, Sendable {
    package var bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension PeerID: CustomStringConvertible {
    /// In hexadecimal, as in libzmq's own traces.
    package var description: String {
        self.bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
