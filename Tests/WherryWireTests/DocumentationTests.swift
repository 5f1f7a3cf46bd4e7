import Foundation
import Testing
import WherryCore

@testable import WherryWire

/// `docs/wire-protocol.md` says what the code does.
@Suite struct DocumentationTests {
    static let epoch = Epoch(systemIdentifier: 7_412_345_678_901_234_567, timeline: 1, restoreCounter: 0, random: 0x1122_3344_5566_7788)
    static let examples: [String: Message] = {
        guard let id = JobID("018f3e2a-7b1c-7def-8a5b-0123456789ab") else { return [:] }
        let digest: [UInt8] = [
            0xA3, 0xC9, 0x0E, 0x3B, 0x74, 0x48, 0xD2, 0x3D, 0x9E, 0xAC, 0xEB, 0xD0, 0xEB, 0xF1, 0x5C, 0xAE, 0x10, 0x0E, 0x21, 0xF9, 0xB2,
            0xC6,
            0x88, 0xF3, 0xF9, 0xD2, 0x38, 0xED, 0xCD, 0x26, 0xD6, 0x7F,
        ]
        return [
            "hello": .hello(Hello(role: .client(outstanding: [id]), incarnation: Array(0x10..<0x20), region: "lax")),
            "request": .request(
                Request(
                    job: JobIdentity(id: id, name: "items.touch", version: 1, digest: digest, scope: "default"),
                    contentType: "application/json",
                    remaining: .seconds(30),
                    epoch: epoch,
                    arguments: Array(#"{"id":7}"#.utf8)
                )
            ),
            "reply": .reply(
                Reply(
                    id: id,
                    outcome: .committed,
                    token: CausalToken(epoch: epoch, lsn: LSN(rawValue: 0x16_B374_D848)),
                    fromReceipt: false,
                    timings: [.brokerQueue: .microseconds(250), .worker: .microseconds(1_800)],
                    contentType: "application/json",
                    payload: Array("null".utf8)
                )
            ),
        ]
    }()

    /// The page.
    static func page() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "docs/wire-protocol.md"), encoding: .utf8)
    }

    /// The bytes of a block that begins with ```` ```hex <name> ````, without the comments.
    static func bytes(of name: String, in page: String) throws -> [UInt8] {
        let start = try #require(page.range(of: "```hex \(name)\n"), "the page has no example \(name)")
        let end = try #require(page.range(of: "```", range: start.upperBound..<page.endIndex))
        let lines = page[start.upperBound..<end.lowerBound].split(separator: "\n")
        return lines.flatMap { line in line.prefix { $0 != "#" }.split(separator: " ").compactMap { UInt8($0, radix: 16) } }
    }

    @Test(arguments: ["hello", "request", "reply"]) func `the worked example is what is sent`(name: String) throws {
        let page = try Self.page()
        let message = try #require(Self.examples[name])
        let frames = message.encode()
        #expect(try Self.bytes(of: name, in: page) == frames[0])
        if frames.count == 2 { #expect(try Self.bytes(of: "\(name) payload", in: page) == frames[1]) }
        #expect(try Message.decode(frames) == message)
    }

    @Test func `every refusal code and every reason is described under its name and number`() throws {
        let page = try Self.page()
        for code in Refused.Code.allCases where code != .unrecognized {
            let name = code.rawValue.uppercased().replacing("-", with: "_")
            #expect(page.contains("| \(name) | \(code.wire.rawValue) |"))
        }
        for reason in Disconnect.Reason.allCases where reason != .unrecognized {
            let name = reason.rawValue.uppercased().replacing("-", with: "_")
            #expect(page.contains("| \(name) | \(reason.wire.rawValue) |"))
        }
    }

    @Test func `the limits are those of the code`() throws {
        let page = try Self.page()
        let limits = WireLimits()
        #expect(page.contains("| envelope | \(limits.maximumEnvelopeSize / 1024) KiB |"))
        #expect(page.contains("| payload | \(limits.maximumPayloadSize / 1024 / 1024) MiB;"))
        #expect(page.contains("| offers in one message | \(limits.maximumOffers.grouped) |"))
        #expect(page.contains("| queues, and workers, in one STATUS | \(limits.maximumStatusEntries.grouped) |"))
        #expect(page.contains("| ids in one message | \(limits.maximumIDs.grouped) |"))
        #expect(page.contains("| attempts | \(limits.maximumAttempts.grouped) |"))
        #expect(page.contains("| capacity | \(limits.maximumCapacity.grouped);"))
        #expect(page.contains("failure code | \(limits.maximumNameLength) |"))
        #expect(page.contains("| text for people | \(limits.maximumTextLength.grouped);"))
    }
}

extension Int {
    /// With commas between thousands, as in the documentation.
    fileprivate var grouped: String {
        var text = String(self)
        var place = text.count - 3
        while place > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: place))
            place -= 3
        }
        return text
    }
}
