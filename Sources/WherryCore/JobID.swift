public import FoundationEssentials

/// The identity of one job: a UUIDv7 (RFC 9562, section 5.7), so ids sort by the time when they were made.
///
/// Sending a job again under the same id is always safe: the first receipt of an id is its outcome.
public struct JobID: Hashable, Sendable {
    /// The id as a UUID.
    public var uuid: UUID

    /// Wraps an id that was made before, for example one kept in a log.
    public init(uuid: UUID) {
        self.uuid = uuid
    }

    /// Makes a new id.
    ///
    /// - Parameters:
    ///   - unixMilliseconds: when it is made, in milliseconds since 1970 by the *primary's* clock; only its low 48 bits count.
    ///   - generator: where its 74 random bits come from.
    package init(unixMilliseconds: Int64, using generator: inout some RandomNumberGenerator) {
        let high = generator.next() & 0x0FFF | 0x7000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let words = [UInt64(truncatingIfNeeded: unixMilliseconds) << 16 | high, low]
        let bytes = words.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
        self.init(bytes: bytes)!  // SAFETY: two 64-bit words are 16 bytes.
    }

    /// Makes an id from its 16 bytes, big-endian as on the wire; `nil` if there are not exactly 16.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var raw: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &raw) { $0.copyBytes(from: bytes) }
        self.uuid = UUID(uuid: raw)
    }

    /// The 16 bytes, big-endian, as on the wire.
    package var bytes: [UInt8] {
        withUnsafeBytes(of: self.uuid.uuid) { Array($0) }
    }

    /// When the id was made, in milliseconds since 1970; `nil` if it is no UUIDv7.
    package var unixMilliseconds: Int64? {
        let bytes = self.bytes
        guard bytes[6] >> 4 == 7, bytes[8] >> 6 == 2 else { return nil }
        return bytes[0..<6].reduce(Int64(0)) { $0 << 8 | Int64($1) }
    }
}

extension JobID: Comparable {
    /// By bytes, hence by the time when the ids were made.
    public static func < (left: JobID, right: JobID) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension JobID: LosslessStringConvertible, CustomStringConvertible {
    /// Reads the usual text form, in either case; `nil` if it is anything else.
    public init?(_ description: String) {
        guard let uuid = UUID(uuidString: description) else { return nil }
        self.init(uuid: uuid)
    }

    /// The usual text form in lower case, as PostgreSQL prints it.
    public var description: String {
        self.uuid.uuidString.lowercased()
    }
}

extension JobID: Codable {
    /// Reads the text form.
    public init(from decoder: any Decoder) throws {
        self.init(uuid: try decoder.singleValueContainer().decode(UUID.self))
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }
}
