import FoundationEssentials
import Testing
import WherryCore

@testable import WherryWire

@Suite struct MessageRefusalTests {
    /// What is wrong, the frames, the expected code, and whether the answer can name the job.
    struct Wrong: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var frames: [[UInt8]]
        var code: WireError.Code
        var namesJob = false

        init(_ description: String, _ frames: [[UInt8]], _ code: WireError.Code, namesJob: Bool = false) {
            self.testDescription = description
            self.frames = frames
            self.code = code
            self.namesJob = namesJob
        }

        init(_ description: String, _ message: Message, _ code: WireError.Code, namesJob: Bool = false) {
            self.init(description, message.encode(), code, namesJob: namesJob)
        }

        static func request(_ description: String, namesJob: Bool = true, _ change: (inout Request) -> Void) -> Wrong {
            var request = MessageSamples.request
            change(&request)
            return Wrong(description, .request(request), .invalidField, namesJob: namesJob)
        }

        static func envelope(
            _ description: String, _ code: WireError.Code = .invalidField, namesJob: Bool = false, _ change: (inout WireEnvelope) -> Void
        ) -> Wrong {
            var envelope = WireEnvelope()
            envelope.version = 1
            change(&envelope)
            return Wrong(description, [envelope.frame], code, namesJob: namesJob)
        }
    }

    static let manyIDs = Array(repeating: MessageSamples.ids[0], count: 10_001)
    static let long = String(repeating: "x", count: 201)
    static let wrongs: [Wrong] = [
        Wrong("no frames", [], .wrongFrameCount),
        Wrong("three frames", MessageSamples.request.frames + [[]], .wrongFrameCount),
        Wrong("a request without its payload", [MessageSamples.request.frames[0]], .wrongFrameCount, namesJob: true),
        Wrong("a heartbeat with a payload", Message.heartbeat(Heartbeat()).encode() + [[1]], .wrongFrameCount),
        Wrong("an empty envelope", [[]], .unsupportedVersion),
        Wrong("text", [Array("GET / HTTP/1.1\r\n\r\n".utf8)], .undecodable),
        Wrong("an envelope that is too large", [Array(repeating: 0, count: 512 * 1024 + 1)], .envelopeTooLarge),
        Wrong(
            "a payload that is too large",
            [MessageSamples.request.frames[0], Array(repeating: 0, count: 8 * 1024 * 1024 + 1)],
            .payloadTooLarge,
            namesJob: true
        ),
        Wrong("version 2", [[0x08, 0x02]], .unsupportedVersion),
        Wrong("version 2 with another meaning of field 2", [[0x08, 0x02, 0x12, 0x01, 0xFF]], .unsupportedVersion),
        Wrong("no kind", [[0x08, 0x01]], .unknownKind),
        Wrong("a kind that this version does not know", [[0x08, 0x01, 0xC2, 0x3E, 0x00]], .unknownKind),
        Wrong("text that is not UTF-8", [[0x08, 0x01, 0x8A, 0x01, 0x03, 0x12, 0x01, 0xFF]], .undecodable),
        .request("an empty name") { $0.job.name = "" },
        .request("a name that is too long") { $0.job.name = long },
        .request("version 0 of a job") { $0.job.version = 0 },
        .request("a version that is too high") { $0.job.version = Int(Int32.max) + 1 },
        .request("a short digest") { $0.job.digest = Array(repeating: 1, count: 31) },
        .request("a long digest") { $0.job.digest = Array(repeating: 1, count: 33) },
        .request("no scope") { $0.job.scope = "" },
        .request("a scope that is too long") { $0.job.scope = long },
        .request("no content type") { $0.contentType = "" },
        .request("too many attempts") { $0.attempts = 1_000_001 },
        .request("an epoch without a timeline") { $0.epoch?.timeline = 0 },
        .envelope("a trace context that is too large", .wrongFrameCount, namesJob: true) {
            $0.request = MessageSamples.request.wire
            $0.request.traceContext["tracestate"] = String(repeating: "x", count: 5_000)
        },
        .envelope("a job id of 15 bytes") { $0.fence.job.id = Data(count: 15) },
        .envelope("a fence without the rest of the job", namesJob: true) {
            $0.fence.kind = .expired
            $0.fence.job.id = MessageSamples.ids[0].wire
        },
        Wrong("a fence that commits", .fence(Fence(job: MessageSamples.job, kind: .committed, epoch: nil)), .invalidField, namesJob: true),
        Wrong("a fence that fails", .fence(Fence(job: MessageSamples.job, kind: .failed, epoch: nil)), .invalidField, namesJob: true),
        .envelope("a fence of a kind that this version does not know", namesJob: true) {
            $0.fence.job = MessageSamples.job.wire
            $0.fence.kind = .UNRECOGNIZED(9)
        },
        .envelope("a hello without a role") { $0.hello.incarnation = Data(count: 16) },
        Wrong(
            "a hello with a short incarnation",
            .hello(Hello(role: .client(outstanding: []), incarnation: [1, 2], region: "lax")),
            .invalidField
        ),
        Wrong(
            "a hello without a region",
            .hello(Hello(role: .client(outstanding: []), incarnation: MessageSamples.incarnation, region: "")),
            .invalidField
        ),
        Wrong(
            "too many outstanding ids",
            .hello(Hello(role: .client(outstanding: manyIDs), incarnation: MessageSamples.incarnation, region: "lax")),
            .invalidField
        ),
        Wrong(
            "too many running ids",
            .hello(
                Hello(
                    role: .worker(offers: [], running: manyIDs, capacity: 1, primary: nil),
                    incarnation: MessageSamples.incarnation,
                    region: "syd"
                )
            ),
            .invalidField
        ),
        Wrong(
            "too many offers",
            .hello(
                Hello(
                    role: .worker(
                        offers: Array(repeating: MessageSamples.offers[0], count: 1_001), running: [], capacity: 1, primary: nil
                    ),
                    incarnation: MessageSamples.incarnation,
                    region: "syd"
                )
            ),
            .invalidField
        ),
        Wrong("too much credit", .credit(100_001), .invalidField),
        Wrong("negative credit counts as none", .credit(.max), .invalidField),
        .envelope("a refusal of something that this version does not know") {
            $0.refused.id = MessageSamples.ids[0].wire
            $0.refused.subject = .UNRECOGNIZED(2)
        },
        .envelope("text that is too long") { $0.disconnect.message = String(repeating: "x", count: 4_097) },
        .envelope("a clock that no id can carry") {
            $0.heartbeat.primary = MessageSamples.primary.wire
            $0.heartbeat.primary.unixMilliseconds = 1 << 48
        },
        .envelope("a position without a token") { $0.position.number = 1 },
        .envelope("a welcome without a heartbeat interval") {
            $0.welcome.incarnation = Data(count: 16)
            $0.welcome.region = "syd"
        },
        .envelope("a reply without a payload", .wrongFrameCount) { $0.reply = MessageSamples.reply.wire },
    ]

    @Test(arguments: wrongs) func `each gets a typed error that says what is wrong`(wrong: Wrong) throws {
        let error = try #require(throws: WireError.self) { try Message.decode(wrong.frames) }
        #expect(error.code == wrong.code, "\(error)")
        #expect(!error.message.isEmpty)
        #expect((error.jobID != nil) == wrong.namesJob, "\(error)")
    }

    @Test func `an error of a request or a fence can be answered with a refusal, any other with a disconnect`() throws {
        let tooLarge = try #require(throws: WireError.self) {
            try Message.decode(
                [MessageSamples.request.frames[0], Array(repeating: 0, count: 100)], limits: .with { $0.maximumPayloadSize = 99 })
        }
        let refusal = try #require(tooLarge.refusal(incarnation: MessageSamples.incarnation, neverDispatched: true))
        #expect(refusal.id == MessageSamples.ids[0])
        #expect(refusal.code == .tooLarge)
        #expect(refusal.subject == .request)
        #expect(refusal.neverDispatched)

        let version = try #require(throws: WireError.self) { try Message.decode([[0x08, 0x09]]) }
        #expect(version.refusal(incarnation: [], neverDispatched: true) == nil)
        #expect(version.disconnect.reason == .unsupportedVersion)
        #expect(version.disconnect.message.contains("1"))
    }
}

extension Request {
    var frames: [[UInt8]] { Message.request(self).encode() }
}

extension WireLimits {
    static func with(_ change: (inout WireLimits) -> Void) -> WireLimits {
        var limits = WireLimits()
        change(&limits)
        return limits
    }
}
