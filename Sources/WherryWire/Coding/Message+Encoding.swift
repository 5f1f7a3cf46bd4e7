internal import FoundationEssentials
internal import SwiftProtobuf
internal import WherryCore

extension Message {
    /// The version of the protocol that this code speaks.
    package static let protocolVersion = 1

    /// The frames to hand to a socket: an envelope, and the payload if this kind of message has one.
    ///
    /// Equal messages have equal bytes. Text for people that is too long is cut off, and a trace context that is too large is left out;
    /// whatever else breaks a limit is sent as it is, and its receiver refuses it.
    package func encode() -> [[UInt8]] {
        var envelope = WireEnvelope()
        envelope.version = Message.protocolVersion.wire
        envelope.kind = self.wireKind
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        guard let bytes: [UInt8] = try? envelope.serializedBytes(options: options) else {
            preconditionFailure("only a message with required fields or over 2 GiB cannot be serialized")
        }
        guard let payload = self.payload else { return [bytes] }
        return [bytes, payload]
    }

    private var payload: [UInt8]? {
        switch self {
        case .request(let request): request.arguments
        case .partial(let partial): partial.payload
        case .reply(let reply), .outcome(let reply): reply.payload
        case .hello, .welcome, .credit, .queued, .running, .refused, .cancel, .fence, .positionRequest, .position, .heartbeat, .disconnect,
            .statusRequest, .status:
            nil
        }
    }

    private var wireKind: WireEnvelope.OneOf_Kind {
        switch self {
        case .hello(let hello): .hello(hello.wire)
        case .welcome(let welcome): .welcome(welcome.wire)
        case .credit(let capacity): .credit(.with { $0.capacity = capacity.wire })
        case .request(let request): .request(request.wire)
        case .queued(let queued): .queued(queued.wire)
        case .running(let running): .running(running.wire)
        case .refused(let refused): .refused(refused.wire)
        case .partial(let partial): .partial(partial.wire)
        case .reply(let reply): .reply(reply.wire)
        case .cancel(let id): .cancel(.with { $0.id = id.wire })
        case .fence(let fence): .fence(fence.wire)
        case .outcome(let reply): .outcome(reply.wire)
        case .positionRequest(let request): .positionRequest(.with { $0.number = request.number })
        case .position(let position): .position(position.wire)
        case .heartbeat(let heartbeat): .heartbeat(heartbeat.wire)
        case .disconnect(let disconnect): .disconnect(disconnect.wire)
        case .statusRequest(let request): .statusRequest(.with { $0.number = request.number })
        case .status(let status): .status(status.wire)
        }
    }
}
