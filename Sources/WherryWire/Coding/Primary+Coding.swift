internal import SwiftProtobuf
internal import WherryCore

extension Epoch {
    var wire: WireEpoch {
        .with {
            $0.systemIdentifier = self.systemIdentifier
            $0.timeline = self.timeline
            $0.restoreCounter = self.restoreCounter
            $0.random = self.random
        }
    }

    init(_ wire: WireEpoch) throws(WireError) {
        // PostgreSQL's first timeline is 1, so this tells an epoch from an empty message.
        guard wire.timeline > 0 else { throw WireError(.invalidField, "epoch.timeline is missing") }
        self.init(
            systemIdentifier: wire.systemIdentifier,
            timeline: wire.timeline,
            restoreCounter: wire.restoreCounter,
            random: wire.random
        )
    }
}

extension CausalToken {
    var wire: WireCausalToken {
        .with {
            $0.epoch = self.epoch.wire
            $0.lsn = self.lsn.rawValue
        }
    }

    init(_ wire: WireCausalToken) throws(WireError) {
        self.init(epoch: try Epoch(wire.epoch), lsn: LSN(rawValue: wire.lsn))
    }
}

extension PrimaryStatus {
    var wire: WirePrimaryStatus {
        .with {
            $0.epoch = self.epoch.wire
            $0.unixMilliseconds = self.unixMilliseconds
        }
    }

    init(_ wire: WirePrimaryStatus) throws(WireError) {
        // An id has 48 bits for its time (RFC 9562); a clock beyond that cannot mint one.
        guard (0..<1 << 48).contains(wire.unixMilliseconds) else {
            throw WireError(.invalidField, "primary.unix_milliseconds is \(wire.unixMilliseconds); it must be 0 to 2^48 - 1")
        }
        self.init(epoch: try Epoch(wire.epoch), unixMilliseconds: wire.unixMilliseconds)
    }
}

extension Position {
    var wire: WirePosition {
        .with {
            $0.number = self.number
            $0.token = self.token.wire
        }
    }

    init(_ wire: WirePosition) throws(WireError) {
        self.init(number: wire.number, token: try CausalToken(wire.token))
    }
}

extension Heartbeat {
    var wire: WireHeartbeat {
        .with {
            if let primary = self.primary { $0.primary = primary.wire }
        }
    }

    init(_ wire: WireHeartbeat) throws(WireError) {
        self.init(primary: wire.hasPrimary ? try PrimaryStatus(wire.primary) : nil)
    }
}
