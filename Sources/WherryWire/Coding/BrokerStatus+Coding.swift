internal import FoundationEssentials
internal import SwiftProtobuf
internal import WherryCore

extension BrokerStatus {
    var wire: WireStatus {
        .with {
            $0.number = self.number
            $0.incarnation = Data(self.incarnation)
            $0.region = self.region
            $0.uptime = self.uptime.wire
            $0.draining = self.isDraining
            if let primary = self.primary { $0.primary = primary.wire }
            $0.clients = self.clients.wire
            $0.workerCount = self.workerCount.wire
            $0.waiting = self.waiting.wire
            $0.waitingBytes = UInt64(clamping: self.waitingBytes)
            $0.dispatched = self.dispatched.wire
            $0.heldBytes = UInt64(clamping: self.heldBytes)
            $0.questions = self.questions.wire
            $0.queues = self.queues.map(\.wire)
            $0.workers = self.workers.map(\.wire)
        }
    }

    init(_ wire: WireStatus, _ limits: WireLimits) throws(WireError) {
        self.init(
            number: wire.number,
            incarnation: try limits.bytes(wire.incarnation, count: 16, "incarnation"),
            region: try limits.text(wire.region, upTo: limits.maximumRegionLength, "region"),
            uptime: limits.duration(wire.uptime),
            isDraining: wire.draining,
            primary: wire.hasPrimary ? try PrimaryStatus(wire.primary) : nil,
            clients: Int(wire.clients),
            workerCount: Int(wire.workerCount),
            waiting: Int(wire.waiting),
            waitingBytes: Int(clamping: wire.waitingBytes),
            dispatched: Int(wire.dispatched),
            heldBytes: Int(clamping: wire.heldBytes),
            questions: Int(wire.questions)
        )
        self.queues = try limits.list(wire.queues, upTo: limits.maximumStatusEntries, "queues") { queue throws(WireError) in
            try Queue(queue, limits)
        }
        self.workers = try limits.list(wire.workers, upTo: limits.maximumStatusEntries, "workers") { worker throws(WireError) in
            try Worker(worker, limits)
        }
    }
}

extension BrokerStatus.Queue {
    fileprivate var wire: WireStatus.Queue {
        .with {
            $0.job = self.job.wire
            $0.workers = self.workers.wire
            $0.waiting = self.waiting.wire
            $0.waitingBytes = UInt64(clamping: self.waitingBytes)
            $0.dispatched = self.dispatched.wire
        }
    }

    fileprivate init(_ wire: WireStatus.Queue, _ limits: WireLimits) throws(WireError) {
        self.init(
            job: try Offer(wire.job, limits), workers: Int(wire.workers), waiting: Int(wire.waiting),
            waitingBytes: Int(clamping: wire.waitingBytes), dispatched: Int(wire.dispatched))
    }
}

extension BrokerStatus.Worker {
    fileprivate var wire: WireStatus.Worker {
        .with {
            $0.incarnation = Data(self.incarnation)
            $0.region = self.region
            $0.capacity = self.capacity.wire
            $0.held = self.held.wire
            $0.offers = self.offers.wire
            if let primary = self.primary { $0.primary = primary.wire }
            $0.silence = self.silence.wire
            $0.serving = self.isServing
        }
    }

    fileprivate init(_ wire: WireStatus.Worker, _ limits: WireLimits) throws(WireError) {
        self.init(
            incarnation: try limits.bytes(wire.incarnation, count: 16, "workers.incarnation"),
            region: try limits.text(wire.region, upTo: limits.maximumRegionLength, "workers.region"),
            capacity: try limits.number(wire.capacity, in: 0...limits.maximumCapacity, "workers.capacity"),
            held: Int(wire.held),
            offers: Int(wire.offers),
            primary: wire.hasPrimary ? try PrimaryStatus(wire.primary) : nil,
            silence: limits.duration(wire.silence),
            isServing: wire.serving
        )
    }
}
