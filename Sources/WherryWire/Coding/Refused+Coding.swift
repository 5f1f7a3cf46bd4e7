internal import FoundationEssentials
internal import SwiftProtobuf
internal import WherryCore

extension Refused {
    var wire: WireRefused {
        .with {
            $0.id = self.id.wire
            $0.subject = self.subject.wire
            $0.code = self.code.wire
            $0.message = self.message.cut(to: WireLimits().maximumTextLength)
            $0.incarnation = Data(self.incarnation)
            $0.neverDispatched = self.neverDispatched
            if let retryAfter = self.retryAfter { $0.retryAfter = retryAfter.wire }
            if let epoch = self.epoch { $0.epoch = epoch.wire }
        }
    }

    init(_ wire: WireRefused, _ limits: WireLimits) throws(WireError) {
        self.init(
            id: try limits.jobID(wire.id),
            subject: try Subject(wire.subject),
            code: Code(wire.code),
            message: try limits.text(wire.message, upTo: limits.maximumTextLength, "message", mayBeEmpty: true),
            incarnation: wire.incarnation.isEmpty ? [] : try limits.bytes(wire.incarnation, count: 16, "incarnation"),
            neverDispatched: wire.neverDispatched,
            retryAfter: wire.hasRetryAfter ? limits.duration(wire.retryAfter) : nil,
            epoch: wire.hasEpoch ? try Epoch(wire.epoch) : nil
        )
    }
}

extension Refused.Subject {
    var wire: WireRefused.Subject {
        switch self {
        case .request: .request
        case .fence: .fence
        }
    }

    init(_ wire: WireRefused.Subject) throws(WireError) {
        switch wire {
        case .request: self = .request
        case .fence: self = .fence
        case .UNRECOGNIZED(let number): throw WireError(.invalidField, "subject is \(number); it must be 0 (request) or 1 (fence)")
        }
    }
}

extension Refused.Code {
    var wire: WireRefused.Code {
        switch self {
        case .overloaded: .overloaded
        case .unknownJob: .unknownJob
        case .expired: .expired
        case .cancelled: .cancelled
        case .tooLarge: .tooLarge
        case .wrongEpoch: .wrongEpoch
        case .malformed: .malformed
        case .drained: .drained
        case .unavailable: .unavailable
        case .clockSkew: .clockSkew
        case .outcomeNoLongerKnown: .outcomeNoLongerKnown
        case .idConflict: .idConflict
        case .regionJobLost: .regionJobLost
        case .unrecognized: .unrecognizedCode
        }
    }

    init(_ wire: WireRefused.Code) {
        switch wire {
        case .overloaded: self = .overloaded
        case .unknownJob: self = .unknownJob
        case .expired: self = .expired
        case .cancelled: self = .cancelled
        case .tooLarge: self = .tooLarge
        case .wrongEpoch: self = .wrongEpoch
        case .malformed: self = .malformed
        case .drained: self = .drained
        case .unavailable: self = .unavailable
        case .clockSkew: self = .clockSkew
        case .outcomeNoLongerKnown: self = .outcomeNoLongerKnown
        case .idConflict: self = .idConflict
        case .regionJobLost: self = .regionJobLost
        case .unrecognizedCode, .UNRECOGNIZED: self = .unrecognized
        }
    }
}
