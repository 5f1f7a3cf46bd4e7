import Testing
import Wherry
import WherryCore
import WherryJobs
import WherryWire

/// Drives a client machine by hand: a clock, brokers that say what the test says, and what came out.
struct ClientBench {
    typealias Handle = ClientMachine.Handle
    typealias LinkID = ClientMachine.LinkID

    var machine: ClientMachine
    var now = MonotonicInstant.zero
    private var lastHandle: UInt64 = 0

    /// What was sent and not yet looked at, heartbeats apart.
    var sent: [(message: Message, link: LinkID)] = []
    var heartbeats = 0
    var open: Set<LinkID> = []
    var openings = 0
    /// Where links were last opened to.
    var endpoints: [LinkID: String] = [:]
    /// Host names to look up, not answered yet.
    var queries: [BrokerDirectory.Query] = []
    var ids: [Handle: JobID] = [:]
    var committed: [Handle: Reply] = [:]
    /// What was reported: run and sequence number.
    var progress: [Handle: [[Int]]] = [:]
    var ended: [Handle: ClientMachine.Completion] = [:]
    var timings: [Handle: JobTimings] = [:]
    var watches: [Handle: ReplayCondition] = [:]
    var notes: [ClientMachine.Note] = []
    var positions: [ClientMachine.Reader: ClientMachine.PositionAnswer] = [:]
    var learned: [Epoch] = []
    var isFinished = false

    static let first = NotifierBench.first
    static let second = NotifierBench.second
    static let broker = LinkID(index: 0)
    static let other = LinkID(index: 1)
    /// Brokers' incarnations, by link.
    var incarnations: [LinkID: [UInt8]] = [:]

    init(brokers: Int = 1, seed: UInt64 = 1, _ configure: (inout ClientMachineConfiguration) -> Void = { _ in }) {
        var configuration = ClientMachineConfiguration(
            brokers: (0..<brokers).map { BrokerAddress(endpoint: "ipc://broker-\($0)") }, region: "lax", primaryRegion: "syd",
            incarnation: Array(repeating: 9, count: 16))
        configuration.waitsForUnknownJobs = false
        configure(&configuration)
        self.machine = ClientMachine(configuration: configuration, random: .seeded(SplitMix64(seed: seed)))
        for index in 0..<brokers { self.incarnations[LinkID(index: index)] = Array(repeating: UInt8(index + 1), count: 16) }
    }

    /// Started, with every broker ready and the epoch known.
    static func ready(brokers: Int = 1, _ configure: (inout ClientMachineConfiguration) -> Void = { _ in }) -> ClientBench {
        var bench = ClientBench(brokers: brokers, configure)
        bench.send(.start)
        for index in 0..<brokers { bench.welcome(LinkID(index: index)) }
        bench.sent = []
        return bench
    }

    mutating func send(_ event: ClientMachine.Event) {
        for action in self.machine.handle(event, now: self.now) {
            switch action {
            case .openLink(let link, let endpoint):
                #expect(self.open.insert(link).inserted)
                self.openings += 1
                self.endpoints[link] = endpoint
                if self.incarnations[link] == nil { self.incarnations[link] = Array(repeating: UInt8(link.index + 1), count: 16) }
            case .resolve(let query): self.queries.append(query)
            case .closeLink(let link): #expect(self.open.remove(link) != nil)
            case .send(.heartbeat, let link):
                #expect(self.open.contains(link))
                self.heartbeats += 1
            case .send(let message, let link):
                #expect(self.open.contains(link), "sent on a link that is closed")
                self.sent.append((message, link))
            case .watch(let handle, let condition):
                #expect(self.watches[handle] == nil, "two watches at a time")
                self.watches[handle] = condition
            case .unwatch(let handle): #expect(self.watches.removeValue(forKey: handle) != nil)
            case .learned(let epoch): self.learned.append(epoch)
            case .identified(let handle, let id): self.ids[handle] = id
            case .progressed(let handle, let partial, let run):
                #expect(self.ended[handle] == nil)
                self.progress[handle, default: []].append([run, Int(partial.sequence)])
            case .committed(let handle, let reply, _):
                #expect(self.committed[handle] == nil && self.ended[handle] == nil)
                self.committed[handle] = reply
            case .complete(let handle, let completion, let timings):
                #expect(self.ended[handle] == nil, "ended twice")
                self.ended[handle] = completion
                self.timings[handle] = timings
            case .positionAnswered(let reader, let answer):
                #expect(self.positions[reader] == nil, "answered twice")
                self.positions[reader] = answer
            case .note(let note): self.notes.append(note)
            case .finished: self.isFinished = true
            }
        }
    }

    mutating func receive(_ message: Message, from link: LinkID = broker) {
        self.send(.received(message, from: link))
    }

    mutating func welcome(
        _ link: LinkID = broker, region: String = "syd", disowned: [JobID] = [],
        primary: PrimaryStatus? = PrimaryStatus(epoch: first, unixMilliseconds: 1_800_000_000_000)
    ) {
        self.receive(
            .welcome(
                Welcome(
                    incarnation: self.incarnations[link] ?? [], region: region, disowned: disowned, offers: [], primary: primary,
                    heartbeatInterval: .seconds(1), maximumPayloadSize: 1 << 23)),
            from: link)
    }

    mutating func submit(
        name: String = "items.touch", within deadline: Duration = .seconds(30), arguments: [UInt8] = [1],
        to target: ClientMachine.Target = .primary
    ) -> Handle {
        self.lastHandle += 1
        let handle = Handle(rawValue: self.lastHandle)
        self.send(
            .submit(
                handle,
                ClientMachine.Submission(
                    name: name, version: 1, contentType: "application/json", arguments: arguments,
                    digest: Array(repeating: 1, count: 32), deadline: self.now + deadline, target: target)))
        return handle
    }

    /// Lets time pass with the brokers alive: each says something twice a second.
    mutating func run(for duration: Duration, silent: Set<LinkID> = []) {
        let end = self.now + duration
        var nextHeartbeat = self.now
        while true {
            let next = min(self.machine.nextDeadline ?? end, nextHeartbeat, end)
            self.now = max(self.now, next)
            if self.now >= end { break }
            if self.now >= nextHeartbeat {
                nextHeartbeat = self.now + .milliseconds(500)
                for link in self.open.subtracting(silent).sorted() { self.receive(.heartbeat(Heartbeat()), from: link) }
            }
            self.send(.tick)
        }
        self.send(.tick)
    }

    // MARK: What brokers and workers say

    mutating func queue(_ handle: Handle, duplicate: Bool = false, by link: LinkID = broker) {
        guard let id = self.ids[handle] else { return }
        self.receive(.queued(Queued(id: id, incarnation: self.incarnations[link] ?? [], duplicate: duplicate)), from: link)
    }

    mutating func start(_ handle: Handle, by link: LinkID = broker) {
        guard let id = self.ids[handle] else { return }
        self.receive(.running(Running(id: id, attempts: 1)), from: link)
    }

    mutating func reply(
        _ handle: Handle, _ outcome: Outcome = .committed, epoch: Epoch = first, lsn: UInt64 = 500, by link: LinkID = broker
    ) {
        if let reply = self.makeReply(handle, outcome, epoch: epoch, lsn: lsn) { self.receive(.reply(reply), from: link) }
    }

    mutating func answerFence(
        _ handle: Handle, _ outcome: Outcome, epoch: Epoch = first, lsn: UInt64 = 600, by link: LinkID = broker
    ) {
        if let reply = self.makeReply(handle, outcome, epoch: epoch, lsn: lsn) { self.receive(.outcome(reply), from: link) }
    }

    func makeReply(_ handle: Handle, _ outcome: Outcome, epoch: Epoch = first, lsn: UInt64 = 500) -> Reply? {
        self.ids[handle].map {
            Reply(
                id: $0, outcome: outcome, token: CausalToken(epoch: epoch, lsn: LSN(rawValue: lsn)), fromReceipt: false,
                failure: outcome == .committed ? nil : Failure(code: outcome.rawValue, message: "so it was"),
                timings: [.worker: .milliseconds(2), .brokerQueue: .milliseconds(1)], contentType: "application/json", payload: [42])
        }
    }

    mutating func refuse(
        _ handle: Handle, _ code: Refused.Code, subject: Refused.Subject = .request, neverDispatched: Bool = true,
        retryAfter: Duration? = nil,
        epoch: Epoch? = nil, incarnation: [UInt8]? = nil, by link: LinkID = broker
    ) {
        guard let id = self.ids[handle] else { return }
        self.receive(
            .refused(
                Refused(
                    id: id, subject: subject, code: code, message: "because", incarnation: incarnation ?? self.incarnations[link] ?? [],
                    neverDispatched: neverDispatched, retryAfter: retryAfter, epoch: epoch)),
            from: link)
    }

    /// The notifier has found the receipt, in a watch that is on.
    mutating func show(_ handle: Handle, _ outcome: Outcome = .committed, epoch: Epoch = first, lsn: UInt64 = 700, digest: UInt8 = 1) {
        guard let id = self.ids[handle] else { return }
        let job = JobIdentity(id: id, name: "items.touch", version: 1, digest: Array(repeating: digest, count: 32), scope: "default")
        let receipt = Receipt(
            job: job, outcome: outcome, failure: outcome == .committed ? nil : Failure(code: outcome.rawValue, message: "by receipt"),
            contentType: "application/json", payload: [43])
        self.judge(handle, .receipt(receipt, seen: CausalToken(epoch: epoch, lsn: LSN(rawValue: lsn))))
    }

    mutating func judge(_ handle: Handle, _ verdict: ReplayVerdict) {
        #expect(self.watches.removeValue(forKey: handle) != nil, "nobody watches")
        self.send(.judged(handle, verdict))
    }

    // MARK: What was sent

    func requests(of handle: Handle? = nil) -> [Request] {
        self.sent.compactMap { if case .request(let request) = $0.message { request } else { nil } }
            .filter { handle == nil || $0.job.id == self.ids[handle ?? Handle(rawValue: 0)] }
    }

    func fences(of handle: Handle) -> [Fence] {
        self.sent.compactMap { if case .fence(let fence) = $0.message { fence } else { nil } }.filter { $0.job.id == self.ids[handle] }
    }

    var hellos: [[JobID]] {
        self.sent.compactMap {
            if case .hello(let hello) = $0.message, case .client(let outstanding) = hello.role { outstanding } else { nil }
        }
    }

    var cancels: [JobID] {
        self.sent.compactMap { if case .cancel(let id) = $0.message { id } else { nil } }
    }
}

extension ClientMachine.Completion {
    var outcome: Outcome? {
        switch self {
        case .visible(let reply), .notVisible(let reply, _), .settled(let reply), .answered(let reply): reply.outcome
        case .refused, .neverSent, .undecided, .rejected, .regionJobEnded: nil
        }
    }

    var isVisible: Bool {
        if case .visible = self { true } else { false }
    }

    var refusal: Refused.Code? {
        if case .refused(let refused) = self { refused.code } else { nil }
    }

    var isUndecided: Bool {
        if case .undecided = self { true } else { false }
    }

    var neverSentReason: String? {
        if case .neverSent(_, let reason) = self { reason } else { nil }
    }

    var replayError: ReplayError.Code? {
        if case .notVisible(_, let error) = self { error.code } else { nil }
    }
}
