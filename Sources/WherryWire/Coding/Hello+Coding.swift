internal import FoundationEssentials
internal import SwiftProtobuf
internal import WherryCore

extension Hello {
    var wire: WireHello {
        .with {
            $0.incarnation = Data(self.incarnation)
            $0.region = self.region
            switch self.role {
            case .client(let outstanding):
                $0.client.outstanding = outstanding.map(\.wire)
            case .worker(let offers, let running, let capacity, let primary):
                $0.worker.offers = offers.map(\.wire)
                $0.worker.running = running.map(\.wire)
                $0.worker.capacity = capacity.wire
                if let primary { $0.worker.primary = primary.wire }
            }
        }
    }

    init(_ wire: WireHello, _ limits: WireLimits) throws(WireError) {
        guard let role = wire.role else { throw WireError(.invalidField, "role is missing") }
        self.init(
            role: try Role(role, limits),
            incarnation: try limits.bytes(wire.incarnation, count: 16, "incarnation"),
            region: try limits.text(wire.region, upTo: limits.maximumRegionLength, "region")
        )
    }
}

extension Hello.Role {
    fileprivate init(_ wire: WireHello.OneOf_Role, _ limits: WireLimits) throws(WireError) {
        switch wire {
        case .client(let client):
            self = .client(
                outstanding: try limits.list(client.outstanding, upTo: limits.maximumIDs, "outstanding") { id throws(WireError) in
                    try limits.jobID(id, "outstanding")
                }
            )
        case .worker(let worker):
            self = .worker(
                offers: try limits.list(worker.offers, upTo: limits.maximumOffers, "offers") { offer throws(WireError) in
                    try Offer(offer, limits)
                },
                running: try limits.list(worker.running, upTo: limits.maximumIDs, "running") { id throws(WireError) in
                    try limits.jobID(id, "running")
                },
                capacity: try limits.number(worker.capacity, in: 0...limits.maximumCapacity, "capacity"),
                primary: worker.hasPrimary ? try PrimaryStatus(worker.primary) : nil
            )
        }
    }
}
