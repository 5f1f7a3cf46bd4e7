import NIOCore
import WherryCore

/// The state of a ``WANProxy``; lives on its event loop.
final class WANCore {
    var target: Int
    let loop: any EventLoop
    var link: WANLink
    var counters = WANCounters()

    /// Where nothing moves.
    private(set) var cut: WANDirections = []
    private var newConnections = WANProxy.NewConnections.blackholed
    /// Where connections that are opened now swallow everything.
    private(set) var swallowed: WANDirections = []
    private var roads: [UInt8: WANRoad] = [:]
    private var connections: [ObjectIdentifier: WANConnection] = [:]

    init(target: Int, link: WANLink, loop: any EventLoop) {
        self.target = target
        self.link = link
        self.loop = loop
    }

    var now: MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }

    func accept(_ client: any Channel) throws {
        self.counters.accepted += 1
        if !self.cut.isEmpty, self.newConnections == .refused {
            self.counters.reset += 1
            client.reset()
            return
        }
        let connection = WANConnection(client: client, core: self)
        self.connections[ObjectIdentifier(connection)] = connection
        try connection.begin()
    }

    func forget(_ connection: WANConnection) {
        self.connections[ObjectIdentifier(connection)] = nil
    }

    func arrival(of bytes: Int, going direction: WANDirections) -> MonotonicInstant {
        self.roads[direction.rawValue, default: WANRoad(seed: .random(in: .min ... .max))]
            .arrival(of: bytes, over: self.link, now: self.now)
    }

    // MARK: Faults

    func cut(_ directions: WANDirections, newConnections: WANProxy.NewConnections) {
        self.cut = directions
        self.newConnections = newConnections
        for connection in self.connections.values { connection.proceed() }
    }

    func halfOpen(_ directions: WANDirections) {
        self.swallowed = directions
        for connection in self.connections.values { connection.swallow(directions) }
    }

    func heal() {
        self.cut = []
        self.swallowed = []
        for connection in self.connections.values { connection.proceed() }
    }

    func reset() {
        for connection in self.connections.values { connection.reset() }
    }

    var currentCounters: WANCounters {
        var counters = self.counters
        counters.open = self.connections.count
        counters.bytesUnderWay = self.connections.values.reduce(0) { $0 + $1.bytesUnderWay }
        return counters
    }
}
