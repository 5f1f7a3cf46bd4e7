import WherryBroker
import WherryCore
import WherryWire

/// A client or a worker, at the other end of a connection to a broker.
protocol SimulatedPeer: SimulatedProcess {
    func receive(_ message: Message, on connection: SimulatedConnection)
}

/// A DEALER's connection to a broker's ROUTER. It lives as long as the socket; if the broker restarts, it comes about again by itself, under
/// another routing id.
final class SimulatedConnection {
    let peer: any SimulatedPeer
    let broker: SimulatedBroker
    let link: Int
    let number: Int
    fileprivate let peerLife: Int
    fileprivate(set) var isOpen = true
    fileprivate(set) var wasEstablished = false
    /// When the newest message arrives, each way: the next one comes after it.
    fileprivate var lastUp = MonotonicInstant.zero
    fileprivate var lastDown = MonotonicInstant.zero

    fileprivate init(peer: any SimulatedPeer, broker: SimulatedBroker, link: Int, number: Int) {
        self.peer = peer
        self.broker = broker
        self.link = link
        self.number = number
        self.peerLife = peer.life
    }

    /// The routing id that the broker's ROUTER gave it.
    var id: PeerID {
        let words = [UInt32(self.number), UInt32(self.broker.life)]
        return PeerID(bytes: words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
    }
}

/// What lies between processes: delay, and whatever the weather brings.
final class SimulatedNetwork {
    private struct Cut {
        var until: MonotonicInstant
        var isStall: Bool
        var way: Fault.Way
    }

    unowned var world: Simulation!
    private var connections: [PeerID: SimulatedConnection] = [:]
    private var count = 0
    private var cuts: [String: Cut] = [:]

    func connect(_ peer: any SimulatedPeer, link: Int, to broker: SimulatedBroker) -> SimulatedConnection {
        self.count += 1
        return SimulatedConnection(peer: peer, broker: broker, link: link, number: self.count)
    }

    func close(_ connection: SimulatedConnection) {
        connection.isOpen = false
    }

    func cut(_ peer: SimulatedProcess, _ broker: SimulatedProcess, until: MonotonicInstant, isStall: Bool, way: Fault.Way) {
        self.cuts["\(peer.name) \(broker.name)"] = Cut(until: until, isStall: isStall, way: way)
    }

    /// To the broker.
    ///
    /// - Returns: whether ZeroMQ takes it.
    func send(_ message: Message, over connection: SimulatedConnection) -> Bool {
        guard connection.isOpen, connection.broker.isUp else { return false }
        self.connections[connection.id] = connection
        connection.wasEstablished = true
        self.world.ledger.sent(message, by: connection.peer)
        let life = connection.broker.life
        let id = connection.id
        for arrival in self.arrivals(message, connection, .toBroker, last: \.lastUp) {
            self.world.at(arrival) {
                connection.broker.deliver(life: life) {
                    self.world.trace(connection.broker.name, "hears from \(connection.peer.name): \(message.summary)")
                    connection.broker.receive(message, from: id)
                }
            }
        }
        return true
    }

    /// From a broker.
    ///
    /// - Returns: whether there is such a peer.
    func send(_ message: Message, from broker: SimulatedBroker, to id: PeerID) -> Bool {
        guard let connection = self.connections[id], connection.isOpen, connection.id == id,
            connection.peer.isUp, connection.peer.life == connection.peerLife
        else { return false }
        self.world.ledger.sent(message, by: broker)
        for arrival in self.arrivals(message, connection, .fromBroker, last: \.lastDown) {
            self.world.at(arrival) {
                connection.peer.deliver(life: connection.peerLife) {
                    guard connection.isOpen else { return }
                    self.world.trace(connection.peer.name, "hears from \(broker.name): \(message.summary)")
                    connection.peer.receive(message, on: connection)
                }
            }
        }
        return true
    }

    /// When the message arrives: never, once, or twice.
    private func arrivals(
        _ message: Message, _ connection: SimulatedConnection, _ way: Fault.Way,
        last: ReferenceWritableKeyPath<SimulatedConnection, MonotonicInstant>
    ) -> [MonotonicInstant] {
        var earliest = self.world.now
        if let cut = self.cuts["\(connection.peer.name) \(connection.broker.name)"], cut.until > self.world.now,
            cut.way == .both || cut.way == way
        {
            guard cut.isStall else { return [] }
            earliest = cut.until
        }
        func delay() -> Duration {
            let isFar = connection.peer is SimulatedClient
            return (isFar ? self.world.plan.delay : .microseconds(300)) + self.world.drawDuration(.microseconds(50), .milliseconds(10))
        }
        let isStormy = self.world.plan.weather == .stormy
        if isStormy, self.world.chance(0.04) { return [] }
        if isStormy, self.world.chance(0.1) {
            // Overtaken by what comes later.
            return [earliest + delay() + self.world.drawDuration(.milliseconds(1), .seconds(2))]
        }
        let arrival = max(earliest + delay(), connection[keyPath: last])
        connection[keyPath: last] = arrival
        if isStormy, self.world.chance(0.05), self.mayDouble(message) {
            return [arrival, arrival + self.world.drawDuration(.milliseconds(1), .seconds(1))]
        }
        return [arrival]
    }

    /// Not a client's REQUEST: see ``SimulationPlan/Weather/stormy``.
    private func mayDouble(_ message: Message) -> Bool {
        if case .request = message { false } else { true }
    }
}

extension Message {
    /// For traces.
    var summary: String {
        switch self {
        case .hello(let hello):
            switch hello.role {
            case .client(let outstanding): "HELLO outstanding \(outstanding.map(\.short))"
            case .worker(_, let running, let capacity, let primary):
                "HELLO running \(running.map(\.short)) capacity \(capacity) \(primary.map { "\($0.epoch)" } ?? "no primary")"
            }
        case .welcome(let welcome):
            "WELCOME disowned \(welcome.disowned.map(\.short)) \(welcome.primary.map { "\($0.epoch)" } ?? "no primary")"
        case .credit(let credit): "CREDIT \(credit)"
        case .request(let request):
            "REQUEST \(request.job.id.short) remaining \(request.remaining)\(request.redelivered ? " redelivered" : "") attempts \(request.attempts) \(request.epoch.map { "\($0)" } ?? "no epoch")"
        case .queued(let queued): "QUEUED \(queued.id.short)\(queued.duplicate ? " duplicate" : "")"
        case .running(let running): "RUNNING \(running.id.short)"
        case .refused(let refused):
            "REFUSED \(refused.subject) \(refused.id.short) \(refused.code.rawValue)\(refused.neverDispatched ? " never dispatched" : "")"
        case .partial(let partial): "PARTIAL \(partial.id.short)"
        case .reply(let reply): "REPLY \(reply.id.short) \(reply.outcome) \(reply.token.lsn)"
        case .cancel(let id): "CANCEL \(id.short)"
        case .fence(let fence): "FENCE \(fence.kind) \(fence.job.id.short)"
        case .outcome(let reply): "OUTCOME \(reply.id.short) \(reply.outcome) \(reply.token.lsn)"
        case .positionRequest(let request): "POSITION? \(request.number)"
        case .statusRequest(let request): "STATUS? \(request.number)"
        case .status(let status): "STATUS \(status.number)"
        case .position(let position): "POSITION \(position.number)"
        case .heartbeat(let heartbeat): "HEARTBEAT \(heartbeat.primary.map { "\($0.epoch)" } ?? "")"
        case .disconnect(let disconnect): "DISCONNECT \(disconnect.reason.rawValue)"
        }
    }
}
