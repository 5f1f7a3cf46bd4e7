internal import OrderedCollections
package import WherryCore
package import WherryWire

/// A broker without its socket: messages and the time go in, what to send comes out.
///
/// It holds nothing that it cannot lose. Every job, peer and question that it keeps counts against a limit (`BrokerLimits`). Its own numbers,
/// not routing ids, name peers, so a peer that comes back on a new connection keeps what it had.
package struct BrokerMachine: Sendable {
    let configuration: BrokerConfiguration
    /// Drawn anew by each broker that starts: refusals are bound to it.
    package let incarnation: [UInt8]
    var random: SplitMix64

    // Peers
    var peers: [Int: Peer] = [:]
    var clients: [Int: Client] = [:]
    var workers: [Int: Worker] = [:]
    var numbersByID: [PeerID: Int] = [:]
    var numbersByIncarnation: [Peer.Incarnation: Int] = [:]
    var nextNumber = 1
    /// When to look at a peer: whether it lives, and whether it is time for a sign of life to it.
    var checks = PriorityTable<Int, MonotonicInstant>()
    /// Those who were told lately that they are unknown.
    var strangers = OrderedDictionary<PeerID, MonotonicInstant>()

    // Jobs
    var jobs: [JobID: HeldJob] = [:]
    var queue = FairQueue()
    var pools = WorkerPools()
    /// When a waiting job expires, and when one that a worker holds is forgotten.
    var deadlines = PriorityTable<JobID, MonotonicInstant>()
    var heldBytes = 0
    var dispatches: UInt64 = 0
    /// What to say to who asks for a job that nobody offers; emptied when offers change.
    var explanations: [Offer: String] = [:]

    // Fences and questions
    var questions: [Question: HeldQuestion] = [:]
    var waitingQuestions = PriorityTable<Question, UInt64>()
    var questionDeadlines = PriorityTable<Question, MonotonicInstant>()
    /// The workers that take another question, by how many they have.
    var answerers = PriorityTable<Int, Int>()
    var nextQuestion: UInt64 = 1

    // The primary
    var primary: PrimaryStatus?
    var primaryReportedAt = MonotonicInstant.zero
    var announced = Announcement()

    var statusBoard: StatusBoard
    package private(set) var isDraining = false
    var now: MonotonicInstant
    var actions: [Action] = []

    /// Makes a broker that knows nobody.
    ///
    /// - Parameters:
    ///   - configuration: region, limits and times; `binds` and `drainTimeout` are the shell's.
    ///   - incarnation: 16 random bytes.
    ///   - seed: for the jitter of `retryAfter`.
    ///   - now: the time.
    package init(configuration: BrokerConfiguration, incarnation: [UInt8], seed: UInt64, now: MonotonicInstant) {
        precondition(incarnation.count == 16, "an incarnation has 16 bytes")
        self.configuration = configuration
        self.incarnation = incarnation
        self.random = SplitMix64(seed: seed)
        self.statusBoard = StatusBoard(startedAt: now)
        self.now = now
    }

    // MARK: Events

    /// A message came in.
    package mutating func receive(_ message: Message, from id: PeerID, now: MonotonicInstant) -> [Action] {
        self.begin(now)
        switch message {
        case .hello(let hello): self.greet(hello, from: id)
        default:
            if let number = self.hear(id) { self.handle(message, from: number) } else { self.turnAway(id, message) }
        }
        return self.end()
    }

    /// Something came in that is no message.
    package mutating func reject(_ error: WireError, from id: PeerID, now: MonotonicInstant) -> [Action] {
        self.begin(now)
        if let number = self.hear(id) { self.complain(error, to: number) } else { self.turnAway(id, error) }
        return self.end()
    }

    /// A message could not be delivered: nobody is there any more, or does not read what is sent.
    package mutating func peerUnreachable(_ id: PeerID, now: MonotonicInstant) -> [Action] {
        self.begin(now)
        if let number = self.numbersByID[id] { self.forget(number, because: .unreachable) }
        return self.end()
    }

    /// The time has come that `nextDeadline` named. What lay in the socket by then must have been received before.
    package mutating func tick(now: MonotonicInstant) -> [Action] {
        self.begin(now)
        while let number = self.checks.popFirst(where: { $0 <= now }) { self.check(number) }
        return self.end()
    }

    /// Stop taking jobs: those that wait go back to their clients, those that workers hold may finish.
    package mutating func drain(now: MonotonicInstant) -> [Action] {
        self.begin(now)
        if !self.isDraining {
            self.isDraining = true
            for id in self.queue.jobsInOrder { self.refuse(id, .drained, "this broker shuts down: send the job through another one") }
        }
        return self.end()
    }

    /// Say goodbye to everybody, and forget them.
    package mutating func leave(now: MonotonicInstant) -> [Action] {
        self.begin(now)
        for number in self.peers.keys.sorted() {
            self.send(.disconnect(Disconnect(reason: .leaving, message: "this broker shuts down")), to: number)
        }
        var farewell = BrokerMachine(
            configuration: self.configuration,
            incarnation: self.incarnation,
            seed: self.random.next(),
            now: self.now
        )
        farewell.isDraining = true
        farewell.actions = self.actions
        self = farewell
        return self.end()
    }

    // MARK: State

    /// When `tick` is due next; `nil` if nothing is.
    package var nextDeadline: MonotonicInstant? {
        [self.checks.first?.priority, self.deadlines.first?.priority, self.questionDeadlines.first?.priority].compactMap(\.self).min()
    }

    /// Nothing is left that a worker would have to finish.
    package var isDrained: Bool {
        self.isDraining && self.jobs.isEmpty && self.questions.isEmpty
    }

    /// How much it holds.
    package var load: Load {
        Load(
            clients: self.clients.count,
            workers: self.workers.count,
            queuedJobs: self.queue.count,
            queuedBytes: self.queue.size,
            dispatchedJobs: self.jobs.count - self.queue.count,
            heldBytes: self.heldBytes,
            questions: self.questions.count,
            strangers: self.strangers.count
        )
    }

    // MARK: Around every event

    private mutating func begin(_ now: MonotonicInstant) {
        // A process that was frozen must not believe that everybody else died.
        if !self.peers.isEmpty, now - self.now > self.configuration.liveness / 2 {
            for number in self.peers.keys { self.peers[number]?.lastHeard = now }
            self.note(.thawed(after: now - self.now))
        }
        self.now = max(self.now, now)
        while let id = self.deadlines.popFirst(where: { $0 <= now }) { self.expire(id) }
        while let question = self.questionDeadlines.popFirst(where: { $0 <= now }) { self.drop(question) }
    }

    private mutating func end() -> [Action] {
        defer { self.actions = [] }
        return self.actions
    }

    mutating func send(_ message: Message, to number: Int) {
        guard let id = self.peers[number]?.id else { return }
        self.peers[number]?.lastSent = self.now
        self.actions.append(.send(message, to: id))
    }

    mutating func note(_ note: Note) {
        self.actions.append(.note(note))
    }
}
