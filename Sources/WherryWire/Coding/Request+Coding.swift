internal import FoundationEssentials
internal import SwiftProtobuf
internal import WherryCore

extension JobID {
    var wire: Data {
        Data(self.bytes)
    }
}

extension Offer {
    var wire: WireOffer {
        .with {
            $0.name = self.name
            $0.version = self.version.wire
            $0.regionJob = self.isRegionJob
        }
    }

    init(_ wire: WireOffer, _ limits: WireLimits) throws(WireError) {
        self.init(
            name: try limits.text(wire.name, upTo: limits.maximumNameLength, "offer.name"),
            version: try limits.number(wire.version, in: 1...Int(Int32.max), "offer.version"),
            isRegionJob: wire.regionJob
        )
    }
}

extension JobIdentity {
    var wire: WireJobIdentity {
        .with {
            $0.id = self.id.wire
            $0.name = self.name
            $0.version = self.version.wire
            $0.digest = Data(self.digest)
            $0.scope = self.scope
        }
    }

    init(_ wire: WireJobIdentity, _ limits: WireLimits) throws(WireError) {
        self.init(
            id: try limits.jobID(wire.id, "job.id"),
            name: try limits.text(wire.name, upTo: limits.maximumNameLength, "job.name"),
            version: try limits.number(wire.version, in: 1...Int(Int32.max), "job.version"),
            digest: try limits.bytes(wire.digest, count: 32, "job.digest"),
            scope: try limits.text(wire.scope, upTo: limits.maximumScopeLength, "job.scope")
        )
    }
}

extension Request {
    var wire: WireRequest {
        .with {
            $0.job = self.job.wire
            $0.contentType = self.contentType
            $0.remaining = self.remaining.wire
            $0.redelivered = self.redelivered
            $0.attempts = self.attempts.wire
            if let epoch = self.epoch { $0.epoch = epoch.wire }
            if WireLimits().allows(traceContext: self.traceContext) { $0.traceContext = self.traceContext }
            if let key = self.key {
                $0.key = key.text
                $0.keyFingerprint = Data(key.fingerprint)
            }
            if let token = self.waitFor { $0.waitFor = token.wire }
            $0.regionJob = self.isRegionJob
        }
    }

    init(_ wire: WireRequest, arguments: [UInt8], _ limits: WireLimits) throws(WireError) {
        self.init(
            job: try JobIdentity(wire.job, limits),
            contentType: try limits.text(wire.contentType, upTo: limits.maximumContentTypeLength, "content_type"),
            remaining: limits.duration(wire.remaining),
            redelivered: wire.redelivered,
            attempts: try limits.number(wire.attempts, in: 0...limits.maximumAttempts, "attempts"),
            epoch: wire.hasEpoch ? try Epoch(wire.epoch) : nil,
            traceContext: try limits.traceContext(wire.traceContext),
            key: wire.key.isEmpty ? nil : try JobKey(wire, limits),
            waitFor: wire.hasWaitFor ? try CausalToken(wire.waitFor) : nil,
            isRegionJob: wire.regionJob,
            arguments: arguments
        )
    }
}

extension JobKey {
    fileprivate init(_ wire: WireRequest, _ limits: WireLimits) throws(WireError) {
        self.init(
            text: try limits.text(wire.key, upTo: limits.maximumKeyLength, "key"),
            fingerprint: try limits.bytes(wire.keyFingerprint, count: 32, "key_fingerprint")
        )
    }
}

extension Fence {
    var wire: WireFence {
        .with {
            $0.job = self.job.wire
            $0.kind = self.kind.wire
            if let epoch = self.epoch { $0.epoch = epoch.wire }
        }
    }

    init(_ wire: WireFence, _ limits: WireLimits) throws(WireError) {
        let kind = try Outcome(wire.kind, "kind")
        guard kind != .committed, kind != .failed else {
            throw WireError(.invalidField, "kind is \(kind.rawValue); it must be cancelled, expired, poisoned or lost")
        }
        self.init(job: try JobIdentity(wire.job, limits), kind: kind, epoch: wire.hasEpoch ? try Epoch(wire.epoch) : nil)
    }
}
