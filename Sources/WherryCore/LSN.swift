/// A position in PostgreSQL's write-ahead log: a byte offset since the beginning of the server's history.
///
/// Written as PostgreSQL writes `pg_lsn`: two hexadecimal halves, `16/B374D848`.
public struct LSN: RawRepresentable, Hashable, Comparable, Sendable {
    /// The byte offset.
    public var rawValue: UInt64

    /// The position before the first byte; PostgreSQL's "invalid" LSN, `0/0`.
    public static let zero = LSN(rawValue: 0)

    /// Makes an LSN from a byte offset.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Earlier in the log.
    public static func < (left: LSN, right: LSN) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension LSN: LosslessStringConvertible, CustomStringConvertible {
    /// Reads PostgreSQL's text form, `16/B374D848`; `nil` if it is anything else.
    public init?(_ description: String) {
        let halves = description.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2,
            (1...8).contains(halves[0].utf8.count), (1...8).contains(halves[1].utf8.count),
            let high = UInt32(halves[0], radix: 16), let low = UInt32(halves[1], radix: 16)
        else { return nil }
        self.init(rawValue: UInt64(high) << 32 | UInt64(low))
    }

    /// PostgreSQL's text form.
    public var description: String {
        "\(String(self.rawValue >> 32, radix: 16, uppercase: true))/\(String(self.rawValue & 0xFFFF_FFFF, radix: 16, uppercase: true))"
    }
}

extension LSN: Codable {
    /// Reads the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let lsn = LSN(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an LSN of the form 16/B374D848")
        }
        self = lsn
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }
}
