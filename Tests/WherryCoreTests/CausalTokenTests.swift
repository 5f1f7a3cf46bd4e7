import Foundation
import Testing
import WherryCore

@Suite("Causal tokens")
struct CausalTokenTests {
    static let epoch = Epoch(systemIdentifier: 7_000_000_000_000_000_123, timeline: 3, restoreCounter: 1, random: 0xDEAD_BEEF_0123_4567)
    static let token = CausalToken(epoch: epoch, lsn: LSN(rawValue: 0x16_B374_D848))
    static let greatest = CausalToken(
        epoch: Epoch(systemIdentifier: .max, timeline: .max, restoreCounter: .max, random: .max), lsn: LSN(rawValue: .max))
    static let least = CausalToken(epoch: Epoch(systemIdentifier: 0, timeline: 0, restoreCounter: 0, random: 0), lsn: .zero)

    @Test("the text form reads back, whatever the numbers are", arguments: [token, greatest, least])
    func roundTrip(token: CausalToken) {
        #expect(CausalToken(token.description) == token)
        #expect(token.description.utf8.count <= CausalToken.maximumLength)
    }

    @Test("the text form needs no escaping in a URL, a cookie or a header")
    func alphabet() {
        #expect(Self.token.description.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == ".") })
    }

    @Test(
        "anything else is no token",
        arguments: [
            "", "1", "1.", "1.....", "0.1.1.0.1.1", "2.1.1.0.1.1", "1.1.1.0.1", "1.1.1.0.1.1.1", "1.-1.1.0.1.1", "1.+1.1.0.1.1",
            "1.01.1.0.1.1",
            "1.A.1.0.1.1", "1.1.1.0.1.1 ", " 1.1.1.0.1.1", "1.1.1.0.1.1\n", "1.1.1.0.1.ä", "1.3w5e11264sgsg.1.0.1.1", "1.1.1z141z4.0.1.1",
            "1.1.1.0.1.1; Path=/", String(repeating: "1.", count: 10_000), String(repeating: "z", count: 65),
        ]
    )
    func malformed(text: String) {
        #expect(CausalToken(text) == nil)
    }

    @Test("a token that was cut off is never an earlier one of the same database")
    func truncated() {
        let text = Self.token.description
        for length in 0..<text.count {
            guard let cut = CausalToken(String(text.prefix(length))) else { continue }
            #expect(cut.epoch.relation(to: Self.epoch) == .otherSystem)
        }
    }

    @Test("it is a string in JSON, and a bad one is an error")
    func codable() throws {
        let json = try JSONEncoder().encode([Self.token])
        #expect(String(decoding: json, as: UTF8.self) == "[\"\(Self.token)\"]")
        #expect(try JSONDecoder().decode([CausalToken].self, from: json) == [Self.token])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([CausalToken].self, from: Data("[\"1.x\"]".utf8)) }
    }

    @Test("of two tokens of one history the higher position is kept; of two histories the newer; forks and strangers are never merged")
    func merge() {
        var later = Self.token
        later.lsn = LSN(rawValue: Self.token.lsn.rawValue + 1)
        #expect(Self.token.merged(with: later) == later)
        #expect(later.merged(with: Self.token) == later)
        var newer = Self.least
        newer.epoch = Self.epoch
        newer.epoch.timeline += 1
        #expect(later.merged(with: newer) == newer)
        #expect(newer.merged(with: later) == newer)
        var fork = later
        fork.epoch.random += 1
        #expect(later.merged(with: fork) == nil)
        var foreign = later
        foreign.epoch.systemIdentifier += 1
        #expect(later.merged(with: foreign) == nil)
    }
}
