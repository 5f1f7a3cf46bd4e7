import Testing
import Wherry
import WherryCore
import WherryJobs
import WherryWire

/// A client's machine and an inline machine, joined, with a ledger for a database: all that happens between them is drawn from a seed.
private struct InlineWorld {
    /// What waits for the database's answer.
    private enum Work {
        case run(Request)
        case fence(Fence)
        case check
    }

    private var client = ClientBench { $0.readsFromPrimary = true }
    private var inline: InlineMachine
    private var random: SplitMix64
    private var work: [Work] = []
    private var stopped: Set<JobID> = []
    private var handles: [ClientBench.Handle] = []
    private var isOpen = false
    private var heartbeats = 0
    private var isPrimaryUp = true
    private(set) var ledger: [JobID: Receipt] = [:]
    /// How often each job took effect.
    private(set) var effects: [JobID: Int] = [:]
    private let concurrency = 3

    init(seed: UInt64) {
        self.random = SplitMix64(seed: seed)
        self.inline = InlineMachine(
            configuration: .init(
                incarnation: Array(repeating: 3, count: 16), region: "syd", concurrency: self.concurrency,
                offers: [Offer(name: "items.touch", version: 1)]))
        self.client.send(.start)
        self.exchange()
    }

    /// Runs jobs until all handles have ended.
    mutating func run(jobs: Int) throws {
        var steps = 0
        while self.handles.count < jobs || self.handles.contains(where: { self.client.ended[$0] == nil }) {
            steps += 1
            try #require(steps < 100_000, "a handle never ends")
            self.step(jobs: jobs)
            #expect(self.inline.counts.running <= self.concurrency)
        }
        // Whatever still runs comes to its end, after the caller was told his.
        while !self.work.isEmpty { self.answer() }
        try self.check()
    }

    private mutating func step(jobs: Int) {
        switch Int.random(in: 0..<20, using: &self.random) {
        case 0...3 where self.handles.count < jobs:
            let deadline = Duration.milliseconds(Int.random(in: 20...3_000, using: &self.random))
            self.handles.append(self.client.submit(within: deadline))
        case 4:
            if let handle = self.handles.randomElement(using: &self.random) { self.client.send(.cancel(handle)) }
        case 5: self.isPrimaryUp = Int.random(in: 0..<4, using: &self.random) > 0
        case 6...12: self.answer()
        case 13: self.notify()
        default:
            self.client.now = self.client.now + .milliseconds(Int.random(in: 1...120, using: &self.random))
            self.client.send(.tick)
            self.tell(.tick)
        }
        self.exchange()
    }

    /// The database answers one of those who wait for it.
    private mutating func answer() {
        guard !self.work.isEmpty else { return }
        switch self.work.remove(at: Int.random(in: 0..<self.work.count, using: &self.random)) {
        case .run(let request):
            let id = request.job.id
            let wasStopped = self.stopped.remove(id) != nil
            self.tell(.finished(id, self.end(of: request, wasStopped: wasStopped)))
        case .fence(let fence):
            let end = self.isPrimaryUp ? JobEnd.reply(self.store(Receipt(fence: fence))) : Self.unavailable(fence.job.id)
            self.tell(.fenced(fence.job.id, end))
        case .check:
            let status = PrimaryStatus(epoch: ClientBench.first, unixMilliseconds: 1_800_000_000_000)
            self.tell(.primaryChecked(self.isPrimaryUp ? .primary(status) : .unreachable("down")))
        }
        self.exchange()
    }

    private mutating func end(of request: Request, wasStopped: Bool) -> JobEnd {
        let id = request.job.id
        // A handler that was stopped may have been about to commit.
        if wasStopped, Bool.random(using: &self.random) {
            return .refused(Refused(id: id, code: .cancelled, message: "given up", incarnation: [], neverDispatched: false))
        }
        guard self.isPrimaryUp else { return Self.unavailable(id) }
        if Int.random(in: 0..<8, using: &self.random) == 0 {
            return .reply(self.store(HandlerFailure(code: .handlerFailed, message: "no").makeReceipt(job: request.job, attempts: 0)))
        }
        if self.ledger[id] == nil { self.effects[id, default: 0] += 1 }
        return .reply(self.store(Receipt(job: request.job, outcome: .committed)))
    }

    private static func unavailable(_ id: JobID) -> JobEnd {
        .refused(Refused(id: id, code: .unavailable, message: "down", incarnation: [], neverDispatched: false))
    }

    /// The first receipt of an id is its outcome.
    private mutating func store(_ receipt: Receipt) -> Reply {
        let standing = self.ledger[receipt.id] ?? receipt
        self.ledger[receipt.id] = standing
        let token = CausalToken(epoch: ClientBench.first, lsn: LSN(rawValue: UInt64(self.ledger.count)))
        return standing.makeReply(token: token, stored: standing != receipt, timings: [:])
    }

    /// The notifier finds a receipt that the client watches for.
    private mutating func notify() {
        for (handle, _) in self.client.watches.sorted(by: { $0.key < $1.key }) {
            guard let id = self.client.ids[handle], let receipt = self.ledger[id] else { continue }
            let seen = CausalToken(epoch: ClientBench.first, lsn: LSN(rawValue: UInt64(self.ledger.count)))
            return self.client.judge(handle, .receipt(receipt, seen: seen))
        }
    }

    /// Carries what each says to the other, until both are silent.
    private mutating func exchange() {
        while true {
            if self.client.open.isEmpty == self.isOpen {
                self.isOpen.toggle()
                self.tell(self.isOpen ? .opened : .closed)
            }
            let sent = self.client.sent
            let beats = self.client.heartbeats - self.heartbeats
            guard !sent.isEmpty || beats > 0 else { return }
            self.client.sent = []
            self.heartbeats = self.client.heartbeats
            for (message, _) in sent { self.tell(.received(message)) }
            for _ in 0..<beats { self.tell(.received(.heartbeat(Heartbeat()))) }
        }
    }

    private mutating func tell(_ event: InlineMachine.Event) {
        for action in self.inline.handle(event, now: self.client.now) {
            switch action {
            case .tell(let message): if !self.client.open.isEmpty { self.client.receive(message) }
            case .run(let request, _): self.work.append(.run(request))
            case .stop(let id): self.stopped.insert(id)
            case .fence(let fence, _): self.work.append(.fence(fence))
            case .checkPrimary: self.work.append(.check)
            case .trouble(let trouble): self.client.send(.troubled(reason: trouble?.reason, isFinal: trouble?.isFinal ?? false))
            case .readPosition: break
            }
        }
    }

    /// What was told is what the ledger says, for ever.
    private func check() throws {
        for handle in self.handles {
            let ending = try #require(self.client.ended[handle])
            let receipt = self.client.ids[handle].flatMap { self.ledger[$0] }
            switch ending {
            case .visible, .notVisible: #expect(receipt?.outcome == .committed, "\(ending)")
            case .settled(let reply): #expect(receipt?.outcome == reply.outcome, "\(ending)")
            case .refused, .neverSent: #expect(receipt == nil, "told that it never ran: \(ending), but \(String(describing: receipt))")
            case .undecided: break
            default: Issue.record("\(ending)")
            }
        }
        #expect(self.effects.values.allSatisfy { $0 == 1 })
    }
}

@Suite("A client and its inline jobs, from a seed")
struct InlineWorldTests {
    @Test(arguments: 1...60) func `every handle ends, and what it is told is what the ledger says`(seed: UInt64) throws {
        var world = InlineWorld(seed: seed)
        try world.run(jobs: 40)
        #expect(!world.ledger.isEmpty)
    }
}
