internal import SwiftProtobuf
internal import WherryCore

extension Message {
    /// Reads what came from a socket, without the routing id that a ROUTER puts in front.
    ///
    /// No input traps. What this version does not know is ignored in fields, and an error in kinds.
    package static func decode(_ frames: [[UInt8]], limits: WireLimits = WireLimits()) throws(WireError) -> Message {
        guard let first = frames.first, frames.count <= 2 else {
            throw WireError(.wrongFrameCount, "a message has 1 or 2 frames, not \(frames.count)")
        }
        guard first.count <= limits.maximumEnvelopeSize else {
            throw WireError(.envelopeTooLarge, "the envelope has \(first.count) bytes; at most \(limits.maximumEnvelopeSize) are allowed")
        }
        let envelope = try WireEnvelope(envelope: first)
        guard let kind = envelope.kind else {
            throw WireError(.unknownKind, "the envelope has no kind of message that version \(Message.protocolVersion) knows")
        }
        do {
            return try Message(kind, payload: try kind.payload(of: frames, limits: limits), limits: limits)
        } catch {
            throw kind.named(in: error)
        }
    }

    private init(_ kind: WireEnvelope.OneOf_Kind, payload: [UInt8], limits: WireLimits) throws(WireError) {
        switch kind {
        case .hello(let wire): self = .hello(try Hello(wire, limits))
        case .welcome(let wire): self = .welcome(try Welcome(wire, limits))
        case .credit(let wire): self = .credit(try limits.number(wire.capacity, in: 0...limits.maximumCapacity, "capacity"))
        case .request(let wire): self = .request(try Request(wire, arguments: payload, limits))
        case .queued(let wire): self = .queued(try Queued(wire, limits))
        case .running(let wire): self = .running(try Running(wire, limits))
        case .refused(let wire): self = .refused(try Refused(wire, limits))
        case .partial(let wire): self = .partial(try Partial(wire, payload: payload, limits))
        case .reply(let wire): self = .reply(try Reply(wire, payload: payload, limits))
        case .cancel(let wire): self = .cancel(try limits.jobID(wire.id))
        case .fence(let wire): self = .fence(try Fence(wire, limits))
        case .outcome(let wire): self = .outcome(try Reply(wire, payload: payload, limits))
        case .positionRequest(let wire): self = .positionRequest(PositionRequest(number: wire.number))
        case .position(let wire): self = .position(try Position(wire))
        case .heartbeat(let wire): self = .heartbeat(try Heartbeat(wire))
        case .disconnect(let wire): self = .disconnect(try Disconnect(wire, limits))
        case .statusRequest(let wire): self = .statusRequest(StatusRequest(number: wire.number))
        case .status(let wire): self = .status(try BrokerStatus(wire, limits))
        }
    }
}

extension WireEnvelope {
    /// Reads an envelope of this version; of another one, nothing but that it is one.
    fileprivate init(envelope bytes: [UInt8]) throws(WireError) {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        // The deepest message of this version is Envelope › Reply › CausalToken › Epoch.
        options.messageDepthLimit = 8
        let envelope = try? WireEnvelope(serializedBytes: bytes, options: options)
        guard let version = envelope?.version ?? (try? WireVersion(serializedBytes: bytes, options: options))?.version else {
            throw WireError(.undecodable, "the first frame is no envelope")
        }
        guard version == Message.protocolVersion else {
            throw WireError(.unsupportedVersion, "version \(version) of the protocol is not known here; \(Message.protocolVersion) is")
        }
        guard let envelope else { throw WireError(.undecodable, "the envelope does not have the shape of version \(version)") }
        self = envelope
    }
}

extension WireEnvelope.OneOf_Kind {
    /// The second frame, for kinds that have one.
    fileprivate func payload(of frames: [[UInt8]], limits: WireLimits) throws(WireError) -> [UInt8] {
        let hasPayload =
            switch self {
            case .request, .partial, .reply, .outcome: true
            default: false
            }
        guard frames.count == (hasPayload ? 2 : 1) else {
            throw WireError(.wrongFrameCount, "this kind of message has \(hasPayload ? 2 : 1) frames, not \(frames.count)")
        }
        guard hasPayload else { return [] }
        guard frames[1].count <= limits.maximumPayloadSize else {
            throw WireError(.payloadTooLarge, "the payload has \(frames[1].count) bytes; at most \(limits.maximumPayloadSize) are allowed")
        }
        return frames[1]
    }

    /// Puts into an error which job's sender waits for an answer.
    fileprivate func named(in error: WireError) -> WireError {
        var error = error
        switch self {
        case .request(let wire):
            error.jobID = JobID(bytes: wire.job.id)
            error.subject = .request
        case .fence(let wire):
            error.jobID = JobID(bytes: wire.job.id)
            error.subject = .fence
        default: break
        }
        return error
    }
}
