/// Proof of what somebody has seen or written: wait for it, and reads afterwards see at least that.
///
/// It has a text form for cookies, headers and URLs, ``description``, which ``init(_:)`` reads back; `Codable` uses the same. Whoever holds one can
/// write another: a token that comes from outside is a wish, never a proof. Reads hold it against what the primary says
/// (`WherryClient.read`), so a forged one makes nobody wait but its bearer.
public struct CausalToken: Hashable, Sendable {
    /// The history that the position belongs to.
    public var epoch: Epoch
    /// A position that is flushed on the primary of that history.
    public var lsn: LSN

    /// Makes a token from an epoch and a position in it.
    public init(epoch: Epoch, lsn: LSN) {
        self.epoch = epoch
        self.lsn = lsn
    }

    /// The later of two tokens: by epoch, then by LSN.
    ///
    /// - Returns: `nil` if neither is later: the two belong to forks of one timeline or to different clusters.
    public func merged(with other: CausalToken) -> CausalToken? {
        switch self.epoch.relation(to: other.epoch) {
        case .same: self.lsn >= other.lsn ? self : other
        case .newer: self
        case .older: other
        case .fork, .otherSystem: nil
        }
    }
}

extension CausalToken: LosslessStringConvertible, CustomStringConvertible {
    /// The longest text form, in bytes.
    public static let maximumLength = 64

    /// The text form: at most ``maximumLength`` letters, digits and dots, so that it needs no escaping in a URL, a cookie or a header.
    ///
    /// `1.LSN.TIMELINE.RESTORES.RANDOM.SYSTEM`: the version of the form, then the numbers of ``lsn`` and ``epoch`` to the base 36, without leading
    /// zeros. The system identifier stands last: a token that was cut off is one of another system, never an earlier one of the same.
    public var description: String {
        let numbers = [
            self.lsn.rawValue, UInt64(self.epoch.timeline), UInt64(self.epoch.restoreCounter), self.epoch.random,
            self.epoch.systemIdentifier,
        ]
        return "1." + numbers.map { String($0, radix: 36) }.joined(separator: ".")
    }

    /// Reads the text form; `nil` for anything that ``description`` does not write.
    public init?(_ description: String) {
        guard description.utf8.count <= Self.maximumLength else { return nil }
        let fields = description.split(separator: ".", omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0] == "1",
            let lsn = UInt64(fields[1], radix: 36), let timeline = UInt32(fields[2], radix: 36),
            let restoreCounter = UInt32(fields[3], radix: 36), let random = UInt64(fields[4], radix: 36),
            let system = UInt64(fields[5], radix: 36)
        else { return nil }
        let epoch = Epoch(systemIdentifier: system, timeline: timeline, restoreCounter: restoreCounter, random: random)
        self.init(epoch: epoch, lsn: LSN(rawValue: lsn))
        // One token has one text: no signs, capitals or leading zeros.
        guard self.description == description else { return nil }
    }
}

extension CausalToken: Codable {
    /// Reads the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let token = CausalToken(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a causal token of the form 1.…")
        }
        self = token
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }
}
