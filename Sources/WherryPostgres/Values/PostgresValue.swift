/// One parameter of a statement, encoded: its type and its bytes.
public struct PostgresValue: Hashable, Sendable {
    /// What is sent.
    enum Payload: Hashable, Sendable {
        case null
        case binary([UInt8])
        /// PostgreSQL's text form, UTF-8, without zero bytes.
        case text([UInt8])
        /// It cannot be sent, and why: the statement that carries it fails before anything is sent.
        case invalid(String)
    }

    /// The type that the server is told.
    public let type: PostgresType
    let payload: Payload

    /// NULL.
    ///
    /// - Parameter type: what the value would be if it were not NULL.
    public static func null(as type: PostgresType) -> PostgresValue {
        PostgresValue(type: type, payload: .null)
    }

    /// A value in PostgreSQL's binary format.
    public static func binary(_ bytes: [UInt8], as type: PostgresType) -> PostgresValue {
        PostgresValue(type: type, payload: .binary(bytes))
    }

    /// A value in PostgreSQL's text format.
    ///
    /// A text with a zero byte in it, which PostgreSQL cannot hold, makes the statement fail with ``PostgresError/Code/encoding``.
    public static func text(_ text: String, as type: PostgresType) -> PostgresValue {
        let bytes = Array(text.utf8)
        if bytes.contains(0) { return .invalid("a string with a zero byte, which PostgreSQL cannot hold", as: type) }
        return PostgresValue(type: type, payload: .text(bytes))
    }

    /// A value that cannot be sent: the statement fails with ``PostgresError/Code/encoding`` before anything is sent.
    ///
    /// - Parameter reason: what is wrong with it, without the value itself, which may be a secret.
    public static func invalid(_ reason: String, as type: PostgresType) -> PostgresValue {
        PostgresValue(type: type, payload: .invalid(reason))
    }

    /// An integer in binary format.
    static func integer(_ integer: some FixedWidthInteger & Sendable, as type: PostgresType) -> PostgresValue {
        .binary(integer.bigEndianBytes, as: type)
    }

    /// The bytes, and whether they are in PostgreSQL's binary format or its text format; `nil` for NULL and for what cannot be sent.
    package var content: (bytes: [UInt8], isBinary: Bool)? {
        switch self.payload {
        case .binary(let bytes): (bytes, true)
        case .text(let bytes): (bytes, false)
        case .null, .invalid: nil
        }
    }

    /// How many bytes it takes on the wire, without its length.
    var byteCount: Int {
        switch self.payload {
        case .null, .invalid: 0
        case .binary(let bytes), .text(let bytes): bytes.count
        }
    }
}

extension PostgresValue: CustomStringConvertible {
    /// The type and the size, never the value: parameters may be secrets.
    public var description: String {
        switch self.payload {
        case .null: "NULL::\(self.type)"
        case .binary(let bytes), .text(let bytes): "\(self.type), \(bytes.count) bytes"
        case .invalid(let reason): "invalid: \(reason)"
        }
    }
}

extension FixedWidthInteger {
    /// The bytes in network order.
    var bigEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> (Self.bitWidth - 8 - 8 * $0)) }
    }
}
