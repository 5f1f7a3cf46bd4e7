internal import FoundationEssentials
internal import SwiftProtobuf
internal import WherryCore

extension Welcome {
    var wire: WireWelcome {
        .with {
            $0.incarnation = Data(self.incarnation)
            $0.region = self.region
            $0.disowned = self.disowned.map(\.wire)
            $0.offers = self.offers.map(\.wire)
            if let primary = self.primary { $0.primary = primary.wire }
            $0.heartbeatInterval = self.heartbeatInterval.wire
            $0.maximumPayloadSize = UInt64(clamping: self.maximumPayloadSize)
        }
    }

    init(_ wire: WireWelcome, _ limits: WireLimits) throws(WireError) {
        guard wire.heartbeatInterval > 0 else { throw WireError(.invalidField, "heartbeat_interval is missing") }
        self.init(
            incarnation: try limits.bytes(wire.incarnation, count: 16, "incarnation"),
            region: try limits.text(wire.region, upTo: limits.maximumRegionLength, "region"),
            disowned: try limits.list(wire.disowned, upTo: limits.maximumIDs, "disowned") { id throws(WireError) in
                try limits.jobID(id, "disowned")
            },
            offers: try limits.list(wire.offers, upTo: limits.maximumOffers, "offers") { offer throws(WireError) in
                try Offer(offer, limits)
            },
            primary: wire.hasPrimary ? try PrimaryStatus(wire.primary) : nil,
            heartbeatInterval: limits.duration(wire.heartbeatInterval),
            maximumPayloadSize: Int(clamping: wire.maximumPayloadSize)
        )
    }
}
