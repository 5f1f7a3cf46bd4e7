internal import WherryWire

/// What an input stands for: the first byte says which parser is meant, the rest is for it.
///
/// The envelope comes last, so that an input can grow at its end and stay what it was.
enum FuzzedInput {
    /// Frames as a socket hands them over, and the limits of whoever reads them.
    case frames([[UInt8]], WireLimits)
    /// Text of a causal token or of a broker's address.
    case text(String)

    init(_ bytes: [UInt8]) {
        guard let selector = bytes.first else {
            self = .frames([], WireLimits())
            return
        }
        let rest = bytes.dropFirst()
        let limits = selector & 0x10 == 0 ? WireLimits() : Self.tightLimits
        switch selector & 0x07 {
        case 0, 1: self = .frames([Array(rest)], limits)
        case 2, 3:
            let count = min(Int(rest.first ?? 0), rest.count)
            self = .frames([Array(rest.dropFirst(1 + count)), Array(rest.dropFirst().prefix(count))], limits)
        case 4: self = .frames(rest.split(separator: 0xFF, omittingEmptySubsequences: false).map { Array($0) }, limits)
        default: self = .text(String(decoding: rest, as: UTF8.self))
        }
    }

    /// The input that stands for such frames.
    static func bytes(of frames: [[UInt8]], tight: Bool) -> [UInt8] {
        let flag: UInt8 = tight ? 0x10 : 0
        guard frames.count == 2 else { return [flag] + frames[0] }
        return [2 | flag, UInt8(frames[1].count)] + frames[1] + frames[0]
    }

    static func bytes(of text: String) -> [UInt8] {
        [5] + Array(text.utf8)
    }

    /// Small enough for a short input to run into every one of them.
    private static let tightLimits: WireLimits = {
        var limits = WireLimits()
        limits.maximumNameLength = 12
        limits.maximumKeyLength = 8
        limits.maximumScopeLength = 10
        limits.maximumRegionLength = 3
        limits.maximumContentTypeLength = 20
        limits.maximumCodeLength = 16
        limits.maximumTraceContextSize = 80
        limits.maximumOffers = 2
        limits.maximumStatusEntries = 2
        limits.maximumIDs = 3
        limits.maximumAttempts = 4
        limits.maximumCapacity = 16
        limits.maximumEnvelopeSize = 512
        limits.maximumPayloadSize = 16
        limits.maximumDuration = .seconds(60)
        return limits
    }()
}
