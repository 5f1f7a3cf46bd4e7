import WherryBroker
import WherryCore
import WherryWire

/// A broker's machine in a process.
final class SimulatedBroker: SimulatedProcess {
    private var machine: BrokerMachine!
    private var isLeaving = false

    init(world: Simulation, index: Int) {
        super.init(world: world, name: "broker-\(index)", index: index)
    }

    override func hasStarted() {
        var configuration = BrokerConfiguration(region: "syd", binds: [])
        configuration.heartbeatInterval = self.world.plan.heartbeatInterval
        configuration.limits.queuedJobs = self.world.plan.queuedJobs
        let incarnation = (0..<16).map { _ in UInt8(self.world.draw(0...255)) }
        self.isLeaving = false
        self.machine = BrokerMachine(
            configuration: configuration, incarnation: incarnation, seed: self.world.random.next(), now: self.now)
    }

    func receive(_ message: Message, from id: PeerID) {
        guard self.survives() else { return }
        if case .request(let request) = message { self.world.ledger.received(request, at: self) }
        self.step { $0.receive(message, from: id, now: $1) }
    }

    override func drain() {
        self.deliver {
            self.isLeaving = true
            self.step { $0.drain(now: $1) }
            // Whatever is left then is left to others.
            self.after(.seconds(5)) { self.leave() }
        }
    }

    private func leave() {
        guard self.isLeaving else { return }
        self.isLeaving = false
        self.step { $0.leave(now: $1) }
        self.end()
        self.world.after(.milliseconds(300)) { self.start() }
    }

    private func step(_ event: (inout BrokerMachine, MonotonicInstant) -> [BrokerMachine.Action]) {
        var unreachable: [PeerID] = []
        for action in event(&self.machine, self.now) {
            switch action {
            case .send(let message, let id):
                if !self.world.network.send(message, from: self, to: id) { unreachable.append(id) }
            case .note(let note):
                self.world.trace(self.name, "\(note)")
            }
        }
        for id in unreachable { self.step { $0.peerUnreachable(id, now: $1) } }
        self.checkBounds()
        if self.isLeaving, self.machine.isDrained { return self.leave() }
        self.setAlarm(self.machine.nextDeadline) { self.step { $0.tick(now: $1) } }
    }

    private func checkBounds() {
        if self.machine.load.queuedJobs > self.world.plan.queuedJobs + self.machine.load.dispatchedJobs + self.world.plan.jobs.count {
            self.world.ledger.fail("\(self.name) queues \(self.machine.load.queuedJobs) jobs")
        }
    }
}
