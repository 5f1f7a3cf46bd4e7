internal import SwiftProtobuf

extension Disconnect {
    var wire: WireDisconnect {
        .with {
            $0.reason = self.reason.wire
            $0.message = self.message.cut(to: WireLimits().maximumTextLength)
        }
    }

    init(_ wire: WireDisconnect, _ limits: WireLimits) throws(WireError) {
        self.init(
            reason: Reason(wire.reason),
            message: try limits.text(wire.message, upTo: limits.maximumTextLength, "message", mayBeEmpty: true)
        )
    }
}

extension Disconnect.Reason {
    var wire: WireDisconnect.Reason {
        switch self {
        case .leaving: .leaving
        case .unknownPeer: .unknownPeer
        case .unsupportedVersion: .unsupportedVersion
        case .malformed: .malformed
        case .denied: .denied
        case .unrecognized: .unrecognizedReason
        }
    }

    init(_ wire: WireDisconnect.Reason) {
        switch wire {
        case .leaving: self = .leaving
        case .unknownPeer: self = .unknownPeer
        case .unsupportedVersion: self = .unsupportedVersion
        case .malformed: self = .malformed
        case .denied: self = .denied
        case .unrecognizedReason, .UNRECOGNIZED: self = .unrecognized
        }
    }
}
