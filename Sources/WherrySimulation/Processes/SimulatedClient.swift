import Wherry
import WherryCore
import WherryJobs
import WherryWire

/// A client's machine and its notifier's in a process beside a replica.
final class SimulatedClient: SimulatedProcess, SimulatedPeer {
    private var machine: ClientMachine!
    private var notifier: ReplayNotifierMachine!
    private var connections: [SimulatedConnection?] = []
    private var records: [ClientMachine.Handle: Int] = [:]
    private var handleCount: UInt64 = 0
    private var waiterCount: UInt64 = 0
    private var waiters: [ClientMachine.Handle: ReplayNotifierMachine.WaiterID] = [:]
    private var handles: [ReplayNotifierMachine.WaiterID: ClientMachine.Handle] = [:]
    /// The connection of the notifier that is open, and which start of the replica it leads to.
    private var replicaConnection: (number: Int, startTime: Int64)?
    /// When the newest poll looked at the replica for the last time.
    private var lastLook = MonotonicInstant.zero

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
        self.replicaConnection = nil
    }

    // MARK: Jobs

    func submit(_ job: SimulationPlan.PlannedJob) {
        guard self.isUp else { return self.world.ledger.skip() }
        let record = self.world.ledger.submit(client: self.index, behaviour: job.behaviour)
        self.handleCount += 1
        let handle = ClientMachine.Handle(rawValue: self.handleCount)
        self.records[handle] = record
        let behaviour = SimulationPlan.Behaviour.allCases.firstIndex(of: job.behaviour) ?? 0
        self.deliver {
            let submission = ClientMachine.Submission(
                name: SimulatedWorker.offer.name,
                version: SimulatedWorker.offer.version,
                contentType: "application/json",
                arguments: [],
                digest: [UInt8(behaviour)] + [UInt8](repeating: 0, count: 31),
                deadline: self.world.now + job.deadline
            )
            self.step(.submit(handle, submission))
        }
        if let cancelAfter = job.cancelAfter { self.after(cancelAfter) { self.step(.cancel(handle)) } }
    }

    /// A read right after `.value` must see the write: unless the replica crashed, or turned elsewhere, after the notifier looked.
    func checkVisible(_ id: JobID) {
        guard self.replica.isUp, self.replica.changedAt <= self.lastLook else { return }
        if !self.replica.showsEffect(of: id) { self.world.ledger.fail("\(id) is told as visible, but a read does not see it") }
    }

    // MARK: Machines

    func receive(_ message: Message, on connection: SimulatedConnection) {
        guard self.connections[connection.link] === connection else { return }
        self.step(.received(message, from: ClientMachine.LinkID(index: connection.link)))
    }

    private func step(_ event: ClientMachine.Event) {
        guard self.isUp else { return }
        for action in self.machine.handle(event, now: self.world.now) { self.perform(action) }
        if self.machine.pendingCount > self.world.plan.jobs.count { self.world.ledger.fail("\(self.name) has more jobs than it was given") }
        self.setAlarms()
    }

    private func stepNotifier(_ event: ReplayNotifierMachine.Event) {
        guard self.isUp else { return }
        for action in self.notifier.handle(event, now: self.world.now) { self.perform(action) }
        self.setAlarms()
    }

    private func setAlarms() {
        let next = [self.machine.nextDeadline, self.notifier.nextDeadline].compactMap { $0 }.min()
        self.setAlarm(next) {
            self.step(.tick)
            self.stepNotifier(.tick)
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
            if let record = self.records[handle] { self.world.ledger.committed(record, reply, knowing: self.epoch) }
        case .complete(let handle, let completion, _):
            self.world.trace(self.name, "told: \(Self.summary(of: completion))")
            if self.world.mutation == .forgetsHandles, self.world.chance(0.2) { return }
            if let record = self.records.removeValue(forKey: handle) {
                self.world.ledger.complete(record, completion, seenBy: self)
            } else {
                self.world.ledger.fail("a handle ended that there is not, or not any more")
            }
        case .positionAnswered:
            break  // nobody reads here
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
                self.replicaConnection = (number, self.replica.startTime)
                self.stepNotifier(.connected(number, self.replica.identity))
            }
        case .disconnect(let number):
            if self.replicaConnection?.number == number { self.replicaConnection = nil }
        case .poll(let number, let receipts):
            self.poll(number, receipts: receipts)
        case .finish(let waiter, let verdict):
            guard let handle = self.handles.removeValue(forKey: waiter) else { return }
            self.waiters[handle] = nil
            self.after(.zero) { self.step(.judged(handle, verdict)) }
        case .epochSeen(let epoch):
            self.after(.zero) { self.step(.learned(epoch)) }
        case .roleChanged, .serverChanged:
            self.world.trace(self.name, "\(action)")
        }
    }

    /// The position first, then the epoch, then the receipts; replay goes on in between.
    private func poll(_ number: Int, receipts: [JobID]) {
        self.afterRoundTrip {
            guard let state = self.look(number, { $0.state }) else { return }
            let early = self.world.chance(0.5) ? self.look(number) { $0.epoch } : nil
            self.afterRoundTrip {
                guard let epoch = self.look(number, { early ?? $0.epoch }), let replica = self.look(number, { $0 }) else { return }
                var found = replica.receipts(of: receipts)
                if self.world.mutation == .completesByPosition, let position = state.position { self.forge(&found, receipts, position) }
                let observation = ReplayObservation(state: state, epoch: epoch, receipts: found, positionAfter: replica.position)
                self.lastLook = self.world.now
                self.world.trace(
                    self.name,
                    "polls: \(state.position.map(\.description) ?? "nothing"), receipts of \(found.keys.sorted().map(\.short))"
                )
                self.stepNotifier(.observed(number, observation))
            }
        }
    }

    /// Looks at the replica, if this connection still leads to it.
    private func look<Value>(_ number: Int, _ body: (ModelReplica) -> Value) -> Value? {
        guard let connection = self.replicaConnection, connection.number == number else { return nil }
        guard self.replica.isUp, self.replica.startTime == connection.startTime else {
            self.replicaConnection = nil
            self.stepNotifier(.disconnected(number, reason: "the server has restarted"))
            return nil
        }
        return body(self.replica)
    }

    private func afterRoundTrip(_ body: @escaping () -> Void) {
        self.after(self.world.drawDuration(.microseconds(50), .milliseconds(3)), body)
    }

    /// Claims to have seen a receipt because the position that the client waits for is reached.
    private func forge(_ found: inout [JobID: Receipt], _ asked: [JobID], _ position: LSN) {
        for id in asked {
            if let (receipt, end) = self.world.database.primary.receipt(of: id) ?? self.world.database.lost(id), end <= position {
                found[id] = receipt
            }
        }
    }
}
