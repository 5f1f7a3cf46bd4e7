import Testing
import WherryCore

@testable import WherryWire

@Suite struct MessageCodingTests {
    @Test(arguments: MessageSamples.all) func `every kind of message comes back as it was sent`(message: Message) throws {
        #expect(try Message.decode(message.encode()) == message)
    }

    @Test(arguments: MessageSamples.all) func `equal messages have equal bytes`(message: Message) {
        let first = message.encode()
        #expect((0..<20).allSatisfy { _ in message.encode() == first })
    }

    @Test(arguments: MessageSamples.all) func `the version stands first, whatever the message`(message: Message) {
        #expect(message.encode()[0].prefix(2) == [0x08, 0x01])
    }

    @Test(arguments: Refused.Code.allCases) func `every refusal code comes back`(code: Refused.Code) throws {
        let message = Message.refused(
            Refused(id: MessageSamples.ids[0], code: code, message: "", incarnation: [], neverDispatched: false)
        )
        #expect(try Message.decode(message.encode()) == message)
    }

    @Test(arguments: Disconnect.Reason.allCases) func `every reason to disconnect comes back`(reason: Disconnect.Reason) throws {
        let message = Message.disconnect(Disconnect(reason: reason))
        #expect(try Message.decode(message.encode()) == message)
    }

    @Test(arguments: Outcome.allCases) func `every outcome comes back`(outcome: Outcome) throws {
        var reply = MessageSamples.reply
        reply.outcome = outcome
        #expect(try Message.decode(Message.reply(reply).encode()) == .reply(reply))
    }

    @Test(arguments: MessageSamples.all) func `fields that this version does not know are ignored`(message: Message) throws {
        var frames = message.encode()
        // Field 1000 as a varint, field 1001 as bytes.
        frames[0] += [0xC0, 0x3E, 0x05, 0xCA, 0x3E, 0x03, 0x61, 0x62, 0x63]
        #expect(try Message.decode(frames) == message)
    }

    @Test func `codes that this version does not know are read as unrecognized`() throws {
        var envelope = WireEnvelope()
        envelope.version = 1
        envelope.refused.id = MessageSamples.ids[0].wire
        envelope.refused.code = .UNRECOGNIZED(77)
        guard case .refused(let refused) = try Message.decode([envelope.frame]) else {
            Issue.record("not a refusal")
            return
        }
        #expect(refused.code == .unrecognized)
    }

    @Test func `text for people is cut off where it is sent, between characters`() throws {
        let long = String(repeating: "ä", count: 4_000)
        let frames = Message.disconnect(Disconnect(reason: .malformed, message: "x" + long)).encode()
        guard case .disconnect(let disconnect) = try Message.decode(frames) else {
            Issue.record("not a disconnect")
            return
        }
        #expect(disconnect.message.utf8.count == 4_095)
        #expect(disconnect.message.hasSuffix("ä"))
    }

    @Test func `a trace context that is too large is left out where it is sent: a trace must not cost a job`() throws {
        var request = MessageSamples.request
        request.traceContext["tracestate"] = String(repeating: "x", count: 5_000)
        guard case .request(let received) = try Message.decode(Message.request(request).encode()) else {
            Issue.record("not a request")
            return
        }
        #expect(received.traceContext.isEmpty)
        #expect(received.job == request.job)
    }

    @Test func `durations are held within the limit and never negative`() throws {
        var request = MessageSamples.request
        for (sent, received) in [
            (Duration.seconds(-5), Duration.zero), (.seconds(Int64.max), WireLimits().maximumDuration), (.nanoseconds(7), .nanoseconds(7)),
        ] {
            request.remaining = sent
            guard case .request(let decoded) = try Message.decode(Message.request(request).encode()) else { continue }
            #expect(decoded.remaining == received)
        }
    }
}
