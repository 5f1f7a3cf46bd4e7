import OrderedCollections
package import WherryCore
import WherryWire

/// What a worker decides: which brokers it talks to, how much work it asks each for, which jobs run now, and where the answers go.
///
/// A pure machine: events and the time go in, actions come out. It knows links by their number, which is used again when a link has closed
/// because its broker's address has vanished. Each link is a socket of its own:
///
/// ```
///            connect                WELCOME
///   waiting ─────────▶ greeting ───────────────▶ serving
///      ▲    back-off      │  ▲                      │
///      │                  │  └─ "unknown peer" ─────┤ HELLO again on the same socket
///      └──────────────────┴─────────────────────────┘ silence, or a DISCONNECT for another reason: the socket is closed
/// ```
///
/// Whatever a broker holds or forgets is its business: the ids that run here are said in every HELLO, and an answer goes to every broker that
/// gave the job or was told of it. An answer that no broker asks for is dropped, for its receipt has it.
package struct WorkerMachine: Sendable {
    let settings: Settings
    /// Drawn anew by each process that starts.
    let incarnation: [UInt8]
    var generator: SplitMix64

    var directory: BrokerDirectory
    var links: [Link] = []
    var nextSerial: UInt64 = 0
    /// All jobs that are held, in the order of their arrival.
    var jobs: OrderedDictionary<JobID, HeldJob> = [:]
    /// Fences on their way into the database: who asked, and for which job.
    var fences: OrderedDictionary<JobID, HeldFence> = [:]
    var positions = PositionQuestions()
    var primary = PrimaryWatch()
    var pulse = Pulse()
    var phase = Phase.idle
    /// When the machine was last told anything: a long gap means that the process was frozen.
    var lastEvent: MonotonicInstant?

    enum Phase: Hashable, Sendable {
        /// Not started. Can transition to: `working`.
        case idle
        /// Can transition to: `draining`, `ended`.
        case working
        /// Takes nothing new; what runs may finish until then. Can transition to: `ended`.
        case draining(until: MonotonicInstant)
        /// Nothing is held and all links are closed.
        case ended
    }

    /// Makes a machine.
    ///
    /// - Parameters:
    ///   - settings: its limits.
    ///   - incarnation: 16 random bytes.
    ///   - seed: for the jitter of its back-offs.
    package init(settings: Settings, incarnation: [UInt8], seed: UInt64) {
        self.settings = settings
        self.incarnation = incarnation
        self.generator = SplitMix64(seed: seed)
        self.directory = BrokerDirectory(settings.brokers, times: settings.resolving)
        var actions: [Action] = []
        self.followDirectory(now: .zero, &actions)
        precondition(actions.isEmpty, "before the start nothing is opened or closed")
    }

    /// Takes an event and says what to do about it, in this order.
    package mutating func handle(_ event: Event, now: MonotonicInstant) -> [Action] {
        guard self.phase != .ended else { return [] }
        var actions: [Action] = []
        self.forgiveFrozenGap(now: now)
        switch event {
        case .started: self.start(now: now, &actions)
        case .received(let message, let link): self.receive(message, from: link, now: now, &actions)
        case .receivedNonsense(let error, let link): self.reject(error, from: link, now: now, &actions)
        case .resolved(let entry, let answer): self.resolved(entry, answer, now: now, &actions)
        case .handlerStarted(let id): self.handlerStarted(id, now: now, &actions)
        case .progressed(let partial): self.forward(.partial(partial), of: partial.id, now: now, &actions)
        case .finished(let id, let end): self.finish(id, end, now: now, &actions)
        case .fenced(let id, let end): self.finishFence(id, end, now: now, &actions)
        case .positionRead(let token): self.positionRead(token, now: now, &actions)
        case .primaryChecked(let check): self.primaryChecked(check, now: now, &actions)
        case .drainRequested: self.drain(now: now, &actions)
        case .pulsed: self.pulsed(now: now, &actions)
        case .timePassed: break
        }
        self.passTime(now: now, &actions)
        self.startWaitingJobs(now: now, &actions)
        self.rebalance(now: now, &actions)
        self.endIfDrained(now: now, &actions)
        return actions
    }

    /// When the machine wants to be told `timePassed` if nothing else happens before; `nil` if never.
    package var nextWakeUp: MonotonicInstant? {
        guard self.phase != .idle, self.phase != .ended else { return nil }
        var moments = self.links.indices.compactMap { self.nextWakeUp(of: $0) }
        if let pulse = self.nextPulse { moments.append(pulse) }
        if let check = self.primary.nextCheck { moments.append(check) }
        if let look = self.directory.nextDeadline { moments.append(look) }
        if case .draining(let until) = self.phase { moments.append(until) }
        moments += self.jobs.values.lazy.filter { $0.stage == .waiting }.map(\.deadline)
        return moments.min()
    }

    /// How many jobs are held at most.
    package var capacityBound: Int {
        self.settings.concurrency + self.settings.allowance + max(0, self.links.count - self.settings.brokers.count)
    }

    /// How many jobs are held: running, or waiting for one that runs to finish.
    package var heldCount: Int { self.jobs.count }

    private mutating func start(now: MonotonicInstant, _ actions: inout [Action]) {
        guard self.phase == .idle else { return }
        self.phase = .working
        self.checkPrimary(now: now, &actions)
        for link in self.links.indices { self.connect(link, now: now, &actions) }
    }

    private mutating func passTime(now: MonotonicInstant, _ actions: inout [Action]) {
        guard self.phase != .idle, self.phase != .ended else { return }
        self.tendPulse(now: now, &actions)
        for query in self.directory.takeDue(now: now) { actions.append(.resolve(query)) }
        for link in self.links.indices { self.passTime(on: link, now: now, &actions) }
        if let check = self.primary.nextCheck, check <= now { self.checkPrimary(now: now, &actions) }
        self.expireWaitingJobs(now: now, &actions)
        if case .draining(let until) = self.phase, until <= now { self.abandonJobs(now: now, &actions) }
    }

    func send(_ message: Message, to link: Int, _ actions: inout [Action]) {
        guard self.links[link].isOpen else { return }
        actions.append(.send(message, to: link))
    }
}
