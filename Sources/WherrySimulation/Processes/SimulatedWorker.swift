import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire
import WherryWorker

/// A worker's machine in a process, and the attempts at jobs that it makes.
final class SimulatedWorker: SimulatedProcess, SimulatedPeer {
    static let offer = Offer(name: "simulated", version: 1)

    private var machine: WorkerMachine!
    private var connections: [SimulatedConnection?] = []
    private var attempts: [SimulatedAttempt] = []
    /// Where its database's address leads.
    var database: ModelServer

    init(world: Simulation, index: Int) {
        self.database = world.database.primary
        super.init(world: world, name: "worker-\(index)", index: index)
    }

    override func hasStarted() {
        var settings = WorkerMachine.Settings(
            brokers: self.world.brokers.map { BrokerAddress(endpoint: $0.name) },
            region: "syd",
            offers: [Self.offer],
            concurrency: self.world.plan.concurrency
        )
        settings.drainLimit = .seconds(3)
        self.machine = WorkerMachine(
            settings: settings,
            incarnation: (0..<16).map { _ in UInt8(self.world.draw(0...255)) },
            seed: self.world.random.next()
        )
        self.connections = self.world.brokers.map { _ in nil }
        self.known = nil
        self.step(.started)
    }

    override func hasEnded() {
        for connection in self.connections.compactMap({ $0 }) { self.world.network.close(connection) }
        for attempt in self.attempts { attempt.abandon() }
        self.connections = []
        self.attempts = []
    }

    override func drain() {
        self.deliver { self.step(.drainRequested) }
    }

    func receive(_ message: Message, on connection: SimulatedConnection) {
        guard self.connections[connection.link] === connection, self.survives() else { return }
        self.step(.received(message, from: connection.link))
    }

    func step(_ event: WorkerMachine.Event) {
        guard self.isUp else { return }
        for action in self.machine.handle(event, now: self.now) {
            self.perform(action)
            guard self.isUp else { return }
        }
        let bound = self.machine.capacityBound
        if self.machine.heldCount > bound {
            self.world.ledger.fail("\(self.name) holds \(self.machine.heldCount) jobs of at most \(bound)")
        }
        self.setAlarm(self.machine.nextWakeUp) { self.step(.timePassed) }
    }

    private func perform(_ action: WorkerMachine.Action) {
        switch action {
        case .resolve: break  // no broker's address is a name here
        case .connect(let link, _):
            self.connections[link] = self.world.network.connect(self, link: link, to: self.world.brokers[link])
        case .disconnect(let link):
            if let connection = self.connections[link] { self.world.network.close(connection) }
            self.connections[link] = nil
        case .send(let message, let link):
            if let connection = self.connections[link] { self.send(message, over: connection) }
        case .run(let request, let receivedAt):
            self.world.ledger.count("attempts")
            self.begin(SimulatedAttempt(request, receivedAt: receivedAt, worker: self))
        case .cancel(let id):
            self.world.ledger.count("cancelled at a worker")
            for attempt in self.attempts where attempt.job.id == id && !attempt.isFence { attempt.stop() }
        case .fence(let fence, let receivedAt):
            self.begin(SimulatedAttempt(fence, receivedAt: receivedAt, worker: self))
        case .readPosition(let epoch):
            let server = self.database
            self.after(.milliseconds(1)) {
                let isThere = server.isUp && server.epoch == epoch && server.flushed >= self.knownPosition(in: epoch)
                let token = isThere ? CausalToken(epoch: epoch, lsn: server.flushed) : nil
                if let token { self.remember(token) }
                self.step(.positionRead(token))
            }
        case .checkPrimary:
            self.after(self.world.drawDuration(.microseconds(200), .milliseconds(5))) { self.step(.primaryChecked(self.checkPrimary())) }
        case .pulse: self.after(.microseconds(50)) { self.step(.pulsed) }
        case .abandon:
            for attempt in self.attempts { attempt.drain() }
        case .log(let note):
            self.world.trace(self.name, "\(note)")
            if case .primaryIsStale = note { self.world.ledger.count("stale primary") }
            if case .abandoned = note { self.world.ledger.count("abandoned at the drain limit") }
        case .end:
            self.end()
            self.world.after(.milliseconds(300)) { self.start() }
        }
    }

    /// Until the connection has come about, messages wait for it, as in the real shell; later, what cannot be sent is dropped.
    private func send(_ message: Message, over connection: SimulatedConnection) {
        guard self.connections[connection.link] === connection else { return }
        if self.world.network.send(message, over: connection) || connection.wasEstablished { return }
        self.after(.milliseconds(100)) { self.send(message, over: connection) }
    }

    private func checkPrimary() -> WorkerMachine.PrimaryCheck {
        guard self.database.isUp else { return .unreachable("connection refused") }
        let epoch = self.database.establishEpoch(known: self.known)
        return .primary(PrimaryStatus(epoch: epoch, unixMilliseconds: self.database.unixMilliseconds))
    }

    // MARK: What it knows, as in the job runner

    /// The newest position that it has seen flushed.
    private(set) var known: CausalToken?

    func knownPosition(in epoch: Epoch) -> LSN {
        self.known.map { $0.epoch == epoch ? $0.lsn : .zero } ?? .zero
    }

    private func remember(_ token: CausalToken) {
        self.known = self.known?.merged(with: token) ?? token
    }

    // MARK: Attempts

    private func begin(_ attempt: SimulatedAttempt) {
        self.attempts.append(attempt)
        self.after(.microseconds(20)) { attempt.start() }
    }

    func ended(_ attempt: SimulatedAttempt, _ end: JobEnd) {
        self.attempts.removeAll { $0 === attempt }
        if case .reply(let reply) = end { self.remember(reply.token) }
        let id = attempt.job.id
        self.step(attempt.isFence ? .fenced(id, end) : .finished(id, end))
    }
}
