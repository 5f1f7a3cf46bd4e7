internal import FoundationEssentials
internal import SwiftProtobuf
internal import WherryCore

extension Queued {
    var wire: WireQueued {
        .with {
            $0.id = self.id.wire
            $0.incarnation = Data(self.incarnation)
            $0.duplicate = self.duplicate
        }
    }

    init(_ wire: WireQueued, _ limits: WireLimits) throws(WireError) {
        self.init(
            id: try limits.jobID(wire.id),
            incarnation: try limits.bytes(wire.incarnation, count: 16, "incarnation"),
            duplicate: wire.duplicate
        )
    }
}

extension Running {
    var wire: WireRunning {
        .with {
            $0.id = self.id.wire
            $0.attempts = self.attempts.wire
        }
    }

    init(_ wire: WireRunning, _ limits: WireLimits) throws(WireError) {
        self.init(
            id: try limits.jobID(wire.id),
            attempts: try limits.number(wire.attempts, in: 0...limits.maximumAttempts, "attempts")
        )
    }
}

extension Partial {
    var wire: WirePartial {
        .with {
            $0.id = self.id.wire
            $0.sequence = self.sequence
            $0.contentType = self.contentType
        }
    }

    init(_ wire: WirePartial, payload: [UInt8], _ limits: WireLimits) throws(WireError) {
        self.init(
            id: try limits.jobID(wire.id),
            sequence: wire.sequence,
            contentType: try limits.text(wire.contentType, upTo: limits.maximumContentTypeLength, "content_type"),
            payload: payload
        )
    }
}
