import FoundationEssentials
import WherryCore
import WherryWire

@testable import WherryWorker

/// A worker machine with a clock that the test moves, and a memory of what it did.
struct WorkerBench {
    static let offer = Offer(name: "items.create", version: 1)
    static let epoch = Epoch(systemIdentifier: 7, timeline: 1, restoreCounter: 0, random: 11)
    static let newerEpoch = Epoch(systemIdentifier: 7, timeline: 2, restoreCounter: 0, random: 12)

    var machine: WorkerMachine
    var now = MonotonicInstant.zero
    /// What the newest event led to.
    var actions: [WorkerMachine.Action] = []
    /// Nothing runs in its process but its loop.
    var isStalled = false
    private var generator = SplitMix64(seed: 99)

    init(brokers: Int = 1, concurrency: Int = 4, change: (inout WorkerMachine.Settings) -> Void = { _ in }) {
        let addresses = (0..<brokers).map { BrokerAddress(endpoint: "ipc://broker-\($0)") }
        var settings = WorkerMachine.Settings(brokers: addresses, region: "syd", offers: [Self.offer], concurrency: concurrency)
        change(&settings)
        self.machine = WorkerMachine(settings: settings, incarnation: [UInt8](repeating: 1, count: 16), seed: 5)
    }

    /// A bench that is started, has a primary, and is welcomed by every broker.
    static func serving(
        brokers: Int = 1, concurrency: Int = 4, change: (inout WorkerMachine.Settings) -> Void = { _ in }
    ) -> WorkerBench {
        var bench = WorkerBench(brokers: brokers, concurrency: concurrency, change: change)
        bench.tell(.started)
        bench.tell(.primaryChecked(.primary(Self.status())))
        for link in 0..<brokers { bench.hear(.welcome(Self.welcome()), from: link) }
        return bench
    }

    static func status(_ epoch: Epoch = WorkerBench.epoch, clock: Int64 = 1_000_000) -> PrimaryStatus {
        PrimaryStatus(epoch: epoch, unixMilliseconds: clock)
    }

    static func welcome(primary: PrimaryStatus? = nil) -> Welcome {
        Welcome(
            incarnation: [UInt8](repeating: 9, count: 16), region: "syd", disowned: [], offers: [], primary: primary,
            heartbeatInterval: .seconds(1), maximumPayloadSize: 1 << 20)
    }

    mutating func tell(_ event: WorkerMachine.Event) {
        self.actions = self.machine.handle(event, now: self.now)
        guard !self.isStalled, self.actions.contains(.pulse) else { return }
        self.actions.removeAll { $0 == .pulse }
        self.actions += self.machine.handle(.pulsed, now: self.now)
    }

    mutating func hear(_ message: Message, from link: Int = 0) {
        self.tell(.received(message, from: link))
    }

    /// Lets time pass as on a loop that never stops: the machine is woken whenever it wants to be.
    mutating func pass(_ duration: Duration, brokersAlive: Bool = true) {
        let end = self.now + duration
        var all: [WorkerMachine.Action] = []
        while let next = self.machine.nextWakeUp, next <= end {
            self.now = max(next, self.now)
            self.tell(.timePassed)
            all += self.actions
            if brokersAlive {
                for link in 0..<self.machine.links.count {
                    self.hear(.heartbeat(Heartbeat()), from: link)
                    all += self.actions
                }
            }
            if all.contains(where: { if case .checkPrimary = $0 { true } else { false } }), self.machine.primary.isChecking {
                self.tell(.primaryChecked(.primary(Self.status())))
                all += self.actions
            }
        }
        self.now = end
        self.actions = all
    }

    mutating func request(_ id: JobID? = nil, epoch: Epoch? = WorkerBench.epoch, remaining: Duration = .seconds(30)) -> Request {
        let id = id ?? JobID(unixMilliseconds: 1_000_000, using: &self.generator)
        let job = JobIdentity(id: id, name: "items.create", version: 1, digest: [UInt8](repeating: 3, count: 32), scope: "default")
        return Request(job: job, contentType: "application/json", remaining: remaining, epoch: epoch, arguments: Array("{}".utf8))
    }

    static func reply(to request: Request, outcome: Outcome = .committed, lsn: UInt64 = 100) -> Reply {
        Reply(
            id: request.job.id, outcome: outcome, token: CausalToken(epoch: Self.epoch, lsn: LSN(rawValue: lsn)), fromReceipt: false,
            contentType: "application/json", payload: Array("1".utf8))
    }

    /// What was sent to a link, by the newest event.
    func sent(to link: Int = 0) -> [Message] {
        self.actions.compactMap { if case .send(let message, to: link) = $0 { message } else { nil } }
    }

    func refusals(to link: Int = 0) -> [Refused.Code] {
        self.sent(to: link).compactMap { if case .refused(let refused) = $0 { refused.code } else { nil } }
    }

    func replies(to link: Int = 0) -> [Outcome] {
        self.sent(to: link).compactMap { if case .reply(let reply) = $0 { reply.outcome } else { nil } }
    }

    func hellos(to link: Int = 0) -> [(running: [JobID], capacity: Int)] {
        self.sent(to: link).compactMap {
            if case .hello(let hello) = $0, case .worker(_, let running, let capacity, _) = hello.role { (running, capacity) } else { nil }
        }
    }

    func credits(to link: Int = 0) -> [Int] {
        self.sent(to: link).compactMap { if case .credit(let credit) = $0 { credit } else { nil } }
    }

    var started: [JobID] {
        self.actions.compactMap { if case .run(let request, _) = $0 { request.job.id } else { nil } }
    }

    var notes: [WorkerMachine.Note] {
        self.actions.compactMap { if case .log(let note) = $0 { note } else { nil } }
    }

    var checksPrimary: Bool {
        self.actions.contains { if case .checkPrimary = $0 { true } else { false } }
    }
}
