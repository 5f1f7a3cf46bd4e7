import Logging
import Wherry
import WherryCore
import WherryJobs
import WherryWire

/// A client's machine and its notifier's in a process beside a replica.
final class SimulatedClient: SimulatedProcess, SimulatedPeer {
    private var machine: ClientMachine!
    private var notifier: ReplayNotifierMachine!
    /// When each of them wants a tick.
    private var machineDeadline: MonotonicInstant?
    private var notifierDeadline: MonotonicInstant?
    private var connections: [SimulatedConnection?] = []
    private var records: [ClientMachine.Handle: Int] = [:]
    private var handleCount: UInt64 = 0
    private var waiterCount: UInt64 = 0
    private var waiters: [ClientMachine.Handle: ReplayNotifierMachine.WaiterID] = [:]
    private var handles: [ReplayNotifierMachine.WaiterID: ClientMachine.Handle] = [:]
    /// Readers who wait for the replica, and for the primary's position.
    private var waitingReaders: [ReplayNotifierMachine.WaiterID: (ReplayVerdict) -> Void] = [:]
    private var askingReaders: [ClientMachine.Reader: (ClientMachine.PositionAnswer) -> Void] = [:]
    private var readerCount: UInt64 = 0
    /// The connection of the notifier that is open.
    private var replicaConnection: (number: Int, session: ReplicaSession)?
    /// When the newest poll that was answered had been sent, by the world's clock.
    private var lastLook = MonotonicInstant.zero
    private(set) var openReads = 0
    /// What its one session wrote and saw, and what it may be held to.
    var session = SimulatedSession()
    /// Of the process, for all reads.
    var gate = ReadGate()

    static let logger = Logger(label: "wherry.simulation") { _ in SwiftLogNoOpLogHandler() }

    var replica: ModelReplica { self.world.database.replicas[self.index] }

    /// The newest that it knows.
    var epoch: Epoch? { self.machine.epoch }

    init(world: Simulation, index: Int) {
        super.init(world: world, name: "client-\(index)", index: index)
    }

    override func hasStarted() {
        let configuration = ClientMachineConfiguration(
            brokers: self.world.brokers.map { BrokerAddress(endpoint: $0.name) },
            region: "lax",
            primaryRegion: "syd",
            incarnation: (0..<16).map { _ in UInt8(self.world.draw(0...255)) }
        )
        self.machine = ClientMachine(configuration: configuration, random: .seeded(SplitMix64(seed: self.world.random.next())))
        var polling = ReplayNotifierConfiguration()
        // Slower than real ones, so that a run takes less time.
        polling.minimumPollInterval = .milliseconds(5)
        polling.maximumPollInterval = .milliseconds(80)
        polling.lookUpInterval = .milliseconds(200)
        self.notifier = ReplayNotifierMachine(configuration: polling, seed: self.world.random.next())
        self.machineDeadline = nil
        self.notifierDeadline = nil
        self.connections = self.world.brokers.map { _ in nil }
        self.step(.start)
    }

    override func hasEnded() {
        for connection in self.connections.compactMap({ $0 }) { self.world.network.close(connection) }
        for record in self.records.values.sorted() { self.world.ledger.orphan(record) }
        self.connections = []
        self.records = [:]
        self.waiters = [:]
        self.handles = [:]
        self.waitingReaders = [:]
        self.askingReaders = [:]
        self.replicaConnection = nil
        self.session = SimulatedSession()
        self.gate = ReadGate()
        self.openReads = 0
    }

    // MARK: Jobs

    func submit(_ job: SimulationPlan.PlannedJob) {
        guard self.isUp else { return self.world.ledger.skip() }
        let record = self.world.ledger.submit(job)
        self.handleCount += 1
        let handle = ClientMachine.Handle(rawValue: self.handleCount)
        self.records[handle] = record
        self.deliver {
            let submission = ClientMachine.Submission(
                name: SimulatedWorker.offer.name,
                version: SimulatedWorker.offer.version,
                contentType: "application/json",
                arguments: [],
                digest: job.behaviour.digest,
                key: job.key.map { JobKey(text: $0, fingerprint: job.behaviour.digest) },
                deadline: self.now + job.deadline
            )
            self.step(.submit(handle, submission))
        }
        if let cancelAfter = job.cancelAfter { self.after(cancelAfter) { self.step(.cancel(handle)) } }
    }

    /// Whether what the notifier said is still to be expected of the replica: unless that crashed, or turned elsewhere, since.
    var mayBeHeldToNotifier: Bool { self.replica.isUp && self.replica.changedAt <= self.lastLook }

    /// A read right after `.value` must see the write.
    func checkVisible(_ id: JobID) {
        guard self.mayBeHeldToNotifier else { return }
        if !self.world.ledger.isShown(id, in: self.replica.effects(in: self.replica.snapshot)) {
            self.world.ledger.fail("\(id) is told as visible, but a read does not see it")
        }
    }

    // MARK: Reads

    func read(_ kind: SimulatedRead.Kind) {
        guard self.isUp else { return }
        self.openReads += 1
        self.deliver { SimulatedRead(kind, client: self).start() }
    }

    func readEnded(life: Int) {
        if life == self.life, self.openReads > 0 { self.openReads -= 1 }
    }

    func wait(for token: CausalToken, until deadline: MonotonicInstant, then: @escaping (ReplayVerdict) -> Void) {
        self.waiterCount += 1
        let waiter = ReplayNotifierMachine.WaiterID(rawValue: self.waiterCount)
        self.waitingReaders[waiter] = then
        self.stepNotifier(.watch(waiter, .position(token), deadline: deadline))
    }

    func askPrimary(until deadline: MonotonicInstant, then: @escaping (ClientMachine.PositionAnswer) -> Void) {
        self.readerCount += 1
        let reader = ClientMachine.Reader(rawValue: self.readerCount)
        self.askingReaders[reader] = then
        self.step(.position(.ask(reader, until: deadline)))
    }

    /// What a job's answer means for the session that sent it (`TokenSink`).
    private func note(_ reply: Reply) {
        self.gate.learn(reply.token)
        self.session.note(reply.token)
    }

    // MARK: Machines

    func receive(_ message: Message, on connection: SimulatedConnection) {
        guard self.connections[connection.link] === connection else { return }
        self.step(.received(message, from: ClientMachine.LinkID(index: connection.link)))
    }

    private func step(_ event: ClientMachine.Event) {
        guard self.isUp else { return }
        for action in self.machine.handle(event, now: self.now) { self.perform(action) }
        if self.machine.pendingCount > self.world.plan.jobs.count { self.world.ledger.fail("\(self.name) has more jobs than it was given") }
        self.machineDeadline = self.machine.nextDeadline
        self.setAlarms()
    }

    private func stepNotifier(_ event: ReplayNotifierMachine.Event) {
        guard self.isUp else { return }
        for action in self.notifier.handle(event, now: self.now) { self.perform(action) }
        self.notifierDeadline = self.notifier.nextDeadline
        self.setAlarms()
    }

    /// Each machine has a timer of its own, as in the real shells.
    private func setAlarms() {
        self.setAlarm([self.machineDeadline, self.notifierDeadline].compactMap { $0 }.min()) {
            let now = self.now
            if let due = self.machineDeadline, due <= now { self.step(.tick) }
            if let due = self.notifierDeadline, due <= now { self.stepNotifier(.tick) }
            self.setAlarms()
        }
    }

    private func perform(_ action: ClientMachine.Action) {
        switch action {
        case .openLink(let link, _):
            self.connections[link.index] = self.world.network.connect(self, link: link.index, to: self.world.brokers[link.index])
        case .resolve: break  // no broker's address is a name here
        case .closeLink(let link):
            if let connection = self.connections[link.index] { self.world.network.close(connection) }
            self.connections[link.index] = nil
        case .send(let message, let link):
            guard let connection = self.connections[link.index] else { return }
            if !self.world.network.send(message, over: connection) {
                self.after(.zero) { self.step(.notSent(message, via: link)) }
            }
        case .watch(let handle, let condition):
            self.waiterCount += 1
            let waiter = ReplayNotifierMachine.WaiterID(rawValue: self.waiterCount)
            self.waiters[handle] = waiter
            self.handles[waiter] = handle
            self.after(.zero) {
                if self.handles[waiter] != nil { self.stepNotifier(.watch(waiter, condition, deadline: nil)) }
            }
        case .unwatch(let handle):
            guard let waiter = self.waiters.removeValue(forKey: handle) else { return }
            self.handles[waiter] = nil
            self.after(.zero) { self.stepNotifier(.unwatch(waiter)) }
        case .learned(let epoch):
            self.after(.zero) { self.stepNotifier(.learned(epoch)) }
        case .identified(let handle, let id):
            if let record = self.records[handle] { self.world.ledger.identify(record, id) }
        case .progressed: break
        case .committed(let handle, let reply, _):
            self.world.trace(self.name, "told: \(reply.id.short) committed at \(reply.token.lsn)")
            self.note(reply)
            self.session.mustSee.insert(reply.id)
            if let record = self.records[handle] { self.world.ledger.committed(record, reply, knowing: self.epoch) }
            if let kind = SimulatedRead.Kind.afterCommit(self.world) { self.after(.zero) { self.read(kind) } }
        case .complete(let handle, let completion, _):
            self.world.trace(self.name, "told: \(Self.summary(of: completion))")
            switch completion {
            case .visible(let reply), .settled(let reply), .notVisible(let reply, _): self.note(reply)
            default: break
            }
            if let record = self.records.removeValue(forKey: handle) {
                self.world.ledger.complete(record, completion, seenBy: self)
            } else {
                self.world.ledger.fail("a handle ended that there is not, or not any more")
            }
        case .positionAnswered(let reader, let answer):
            let then = self.askingReaders.removeValue(forKey: reader)
            self.after(.zero) { then?(answer) }
        case .note(let note):
            self.world.trace(self.name, "\(note)")
            if case .contradiction(let id) = note { self.world.ledger.fail("the client met two outcomes of \(id)") }
        case .finished:
            break
        }
    }

    private static func summary(of completion: ClientMachine.Completion) -> String {
        switch completion {
        case .visible(let reply): "\(reply.id.short) visible"
        case .notVisible(let reply, let error): "\(reply.id.short) committed, not visible: \(error.code.name)"
        case .settled(let reply): "\(reply.id.short) \(reply.outcome)"
        case .refused(let refused): "\(refused.id.short) refused: \(refused.code.rawValue)"
        case .neverSent(let wasCancelled, let reason): "never sent\(wasCancelled ? ", cancelled" : ""): \(reason)"
        case .undecided(let reason): "undecided: \(reason)"
        case .rejected(let rejection): "rejected: \(rejection)"
        case .answered, .regionJobEnded: "a region job ended"
        }
    }

    // MARK: The replica

    private func perform(_ action: ReplayNotifierMachine.Action) {
        switch action {
        case .connect(let number):
            self.afterRoundTrip {
                guard self.replica.isUp else { return self.stepNotifier(.disconnected(number, reason: "connection refused")) }
                self.replicaConnection = (number, ReplicaSession(self.replica, for: self))
                self.stepNotifier(.connected(number, self.replica.identity))
            }
        case .disconnect(let number):
            if self.replicaConnection?.number == number { self.replicaConnection = nil }
        case .poll(let number, let receipts):
            self.poll(number, receipts: receipts)
        case .finish(let waiter, let verdict):
            if let then = self.waitingReaders.removeValue(forKey: waiter) { return self.after(.zero) { then(verdict) } }
            guard let handle = self.handles.removeValue(forKey: waiter) else { return }
            self.waiters[handle] = nil
            self.after(.zero) { self.step(.judged(handle, verdict)) }
        case .epochSeen(let epoch):
            self.after(.zero) { self.step(.learned(epoch)) }
        case .roleChanged, .serverChanged:
            self.world.trace(self.name, "\(action)")
        }
    }

    /// The notifier's own questions, on its connection.
    private func poll(_ number: Int, receipts: [JobID]) {
        guard let (current, session) = self.replicaConnection, current == number else {
            return self.stepNotifier(.disconnected(number, reason: "the connection was lost"))
        }
        let sentAt = self.world.now
        session.fly(ReplayPoll.flight(receipts: receipts), receipts: receipts) { outcomes in
            guard self.replicaConnection?.number == number else { return }
            guard let outcomes else {
                self.replicaConnection = nil
                return self.stepNotifier(.disconnected(number, reason: "the server has restarted"))
            }
            switch ReplayPoll.read(outcomes, logger: Self.logger) {
            case .observed(let observation):
                self.lastLook = sentAt
                self.world.trace(
                    self.name,
                    "polls: \(observation.state.position.map(\.description) ?? "nothing"), receipts of \(observation.receipts?.keys.sorted().map(\.short) ?? [])"
                )
                self.stepNotifier(.observed(number, observation))
            case .failed(let reason): self.stepNotifier(.pollFailed(number, reason: reason))
            case .lost(let reason): self.stepNotifier(.disconnected(number, reason: reason))
            }
        }
    }

    private func afterRoundTrip(_ body: @escaping () -> Void) {
        self.after(self.world.drawDuration(.microseconds(50), .milliseconds(3)), body)
    }
}
