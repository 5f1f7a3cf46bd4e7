internal import FoundationEssentials
internal import SwiftProtobuf
internal import WherryCore

extension Outcome {
    var wire: WireOutcome {
        switch self {
        case .committed: .committed
        case .failed: .failed
        case .cancelled: .cancelled
        case .expired: .expired
        case .poisoned: .poisoned
        case .lost: .lost
        }
    }

    init(_ wire: WireOutcome, _ field: String) throws(WireError) {
        switch wire {
        case .committed: self = .committed
        case .failed: self = .failed
        case .cancelled: self = .cancelled
        case .expired: self = .expired
        case .poisoned: self = .poisoned
        case .lost: self = .lost
        case .unspecifiedOutcome: throw WireError(.invalidField, "\(field) is missing")
        case .UNRECOGNIZED(let number): throw WireError(.invalidField, "\(field) is \(number), which this version does not know")
        }
    }
}

extension Reply {
    var wire: WireReply {
        .with {
            $0.id = self.id.wire
            $0.outcome = self.outcome.wire
            $0.token = self.token.wire
            $0.fromReceipt = self.fromReceipt
            if let failure = self.failure { $0.failure = failure.wire }
            if !self.timings.isEmpty { $0.timings = WireReply.Timings(self.timings) }
            $0.contentType = self.contentType
        }
    }

    init(_ wire: WireReply, payload: [UInt8], _ limits: WireLimits) throws(WireError) {
        self.init(
            id: try limits.jobID(wire.id),
            outcome: try Outcome(wire.outcome, "outcome"),
            token: try CausalToken(wire.token),
            fromReceipt: wire.fromReceipt,
            failure: wire.hasFailure ? try Failure(wire.failure, limits) : nil,
            timings: wire.timings.legs.mapValues(limits.duration),
            // A receipt without a payload has no type for it either.
            contentType: try limits.text(wire.contentType, upTo: limits.maximumContentTypeLength, "content_type", mayBeEmpty: true),
            payload: payload
        )
    }
}

extension Failure {
    var wire: WireReply.Failure {
        .with {
            $0.code = self.code
            $0.message = self.message.cut(to: WireLimits().maximumTextLength)
        }
    }

    init(_ wire: WireReply.Failure, _ limits: WireLimits) throws(WireError) {
        self.init(
            code: try limits.text(wire.code, upTo: limits.maximumCodeLength, "failure.code"),
            message: try limits.text(wire.message, upTo: limits.maximumTextLength, "failure.message", mayBeEmpty: true)
        )
    }
}

extension WireReply.Timings {
    fileprivate init(_ timings: [Leg: Duration]) {
        self.init()
        for (leg, duration) in timings {
            switch leg {
            case .brokerQueue: self.brokerQueue = duration.wire
            case .workerLease: self.workerLease = duration.wire
            case .begin: self.begin = duration.wire
            case .handler: self.handler = duration.wire
            case .commit: self.commit = duration.wire
            case .worker: self.worker = duration.wire
            }
        }
    }

    fileprivate var legs: [Leg: UInt64] {
        var legs: [Leg: UInt64] = [:]
        if self.hasBrokerQueue { legs[.brokerQueue] = self.brokerQueue }
        if self.hasWorkerLease { legs[.workerLease] = self.workerLease }
        if self.hasBegin { legs[.begin] = self.begin }
        if self.hasHandler { legs[.handler] = self.handler }
        if self.hasCommit { legs[.commit] = self.commit }
        if self.hasWorker { legs[.worker] = self.worker }
        return legs
    }
}
