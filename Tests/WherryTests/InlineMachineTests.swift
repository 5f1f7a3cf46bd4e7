import Testing
import Wherry
import WherryCore
import WherryJobs
import WherryWire

/// Drives an inline machine by hand.
private struct InlineBench {
    static let epoch = NotifierBench.first
    static let incarnation = Array(repeating: UInt8(3), count: 16)

    var machine: InlineMachine
    var now = MonotonicInstant.zero
    var told: [Message] = []
    var started: [JobID] = []
    var stopped: [JobID] = []
    var fences: [Fence] = []
    var checks = 0
    var troubles: [InlineMachine.Trouble?] = []
    private var lastID: Int64 = 0

    init(concurrency: Int = 2) {
        self.machine = InlineMachine(
            configuration: .init(
                incarnation: Self.incarnation, region: "syd", concurrency: concurrency, offers: [Offer(name: "a.job", version: 1)]))
        self.send(.opened)
    }

    static func ready(concurrency: Int = 2) -> InlineBench {
        var bench = InlineBench(concurrency: concurrency)
        bench.send(.primaryChecked(.primary(PrimaryStatus(epoch: Self.epoch, unixMilliseconds: 1_000))))
        bench.told = []
        return bench
    }

    mutating func send(_ event: InlineMachine.Event) {
        for action in self.machine.handle(event, now: self.now) {
            switch action {
            case .tell(let message): self.told.append(message)
            case .run(let request, _): self.started.append(request.job.id)
            case .fence(let fence, _): self.fences.append(fence)
            case .stop(let id): self.stopped.append(id)
            case .readPosition: break
            case .checkPrimary: self.checks += 1
            case .trouble(let trouble): self.troubles.append(trouble)
            }
        }
    }

    mutating func request(remaining: Duration = .seconds(30)) -> JobIdentity {
        self.lastID += 1
        var random = SplitMix64(seed: UInt64(self.lastID))
        let id = JobID(unixMilliseconds: self.lastID, using: &random)
        let job = JobIdentity(id: id, name: "a.job", version: 1, digest: Array(repeating: 0, count: 32), scope: "default")
        self.send(
            .received(
                .request(Request(job: job, contentType: JobCodec.contentType, remaining: remaining, epoch: Self.epoch, arguments: []))))
        return job
    }

    static func committed(_ job: JobIdentity) -> JobEnd {
        let token = CausalToken(epoch: Self.epoch, lsn: LSN(rawValue: 7))
        return .reply(Receipt(job: job, outcome: .committed).makeReply(token: token, stored: false, timings: [:]))
    }

    var refusals: [Refused] {
        self.told.compactMap { if case .refused(let refused) = $0 { refused } else { nil } }
    }
}

@Suite("Jobs inline")
struct InlineMachineTests {
    @Test func `run at most so many at once, in the order in which they came`() {
        var bench = InlineBench.ready(concurrency: 2)
        let jobs = (0..<5).map { _ in bench.request() }
        #expect(bench.started == jobs.prefix(2).map(\.id))
        bench.send(.finished(jobs[1].id, InlineBench.committed(jobs[1])))
        #expect(bench.started == jobs.prefix(3).map(\.id))
        for job in [jobs[0], jobs[2], jobs[3], jobs[4]] { bench.send(.finished(job.id, InlineBench.committed(job))) }
        #expect(bench.started == jobs.map(\.id))
        #expect(bench.machine.counts == (0, 0))
        let replies = bench.told.filter { if case .reply = $0 { true } else { false } }
        #expect(replies.count == 5)
    }

    @Test func `that are cancelled before they begin are refused for good, and never begin`() {
        var bench = InlineBench.ready(concurrency: 1)
        let first = bench.request()
        let second = bench.request()
        bench.send(.received(.cancel(second.id)))
        #expect(bench.refusals.map(\.code) == [.cancelled])
        #expect(bench.refusals.allSatisfy { $0.neverDispatched && $0.incarnation == InlineBench.incarnation })
        bench.send(.received(.cancel(first.id)))
        #expect(bench.refusals.count == 1, "a job that runs is ended by its fence")
        #expect(bench.stopped == [first.id])
        bench.send(.finished(first.id, InlineBench.committed(first)))
        #expect(bench.started == [first.id])
    }

    @Test func `whose deadline passes before they begin are refused for good`() {
        var bench = InlineBench.ready(concurrency: 1)
        let first = bench.request()
        let second = bench.request(remaining: .seconds(1))
        bench.now = bench.now + .seconds(2)
        bench.send(.finished(first.id, InlineBench.committed(first)))
        #expect(bench.started == [first.id])
        #expect(bench.refusals.map(\.id) == [second.id])
        #expect(bench.refusals.first?.neverDispatched == true)
    }

    @Test func `that are fenced before they begin never begin, and the fence is asked for all the same`() {
        var bench = InlineBench.ready(concurrency: 1)
        let first = bench.request()
        let second = bench.request()
        bench.send(.received(.fence(Fence(job: second, kind: .expired, epoch: InlineBench.epoch))))
        #expect(bench.fences.map(\.job) == [second])
        bench.send(.finished(first.id, InlineBench.committed(first)))
        #expect(bench.started == [first.id])
    }

    @Test func `without a handler are refused for good`() {
        var bench = InlineBench.ready()
        let job = bench.request()
        let refused = Refused(id: job.id, code: .unknownJob, message: "none", incarnation: [], neverDispatched: false)
        bench.send(.finished(job.id, .refused(refused)))
        #expect(bench.refusals.first?.neverDispatched == true)
    }

    @Test func `that met trouble are handed back as dispatched, and the primary is asked`() {
        var bench = InlineBench.ready()
        let job = bench.request()
        let checks = bench.checks
        let refused = Refused(id: job.id, code: .unavailable, message: "gone", incarnation: [], neverDispatched: false)
        bench.send(.finished(job.id, .refused(refused)))
        #expect(bench.refusals.first?.neverDispatched == false)
        #expect(bench.checks == checks + 1)
    }

    @Test func `are told the primary's clock as it goes on, and when it is known first`() {
        var bench = InlineBench()
        #expect(bench.checks == 1)
        bench.send(.primaryChecked(.primary(PrimaryStatus(epoch: InlineBench.epoch, unixMilliseconds: 1_000))))
        #expect(bench.told == [.heartbeat(Heartbeat(primary: PrimaryStatus(epoch: InlineBench.epoch, unixMilliseconds: 1_000)))])
        bench.now = bench.now + .milliseconds(250)
        bench.send(.received(.hello(Hello(role: .client(outstanding: []), incarnation: [], region: "syd"))))
        guard case .welcome(let welcome) = bench.told.last else { return #expect(Bool(false), "no WELCOME") }
        #expect(welcome.primary?.unixMilliseconds == 1_250)
    }

    @Test func `wait for a primary that does not answer, and are told at once of one that cannot be used`() {
        var bench = InlineBench()
        bench.send(.primaryChecked(.unreachable("no route")))
        #expect(bench.troubles == [InlineMachine.Trouble(reason: "no route", isFinal: false)])
        let first = bench.machine.nextDeadline
        #expect(first == bench.now + .milliseconds(250))
        bench.now = bench.now + .milliseconds(250)
        bench.send(.tick)
        #expect(bench.checks == 2)
        bench.send(.primaryChecked(.unusable("no schema")))
        #expect(bench.troubles.last == InlineMachine.Trouble(reason: "no schema", isFinal: true))
        #expect(bench.machine.nextDeadline == bench.now + .milliseconds(500), "somebody may mend it")
        bench.now = bench.now + .milliseconds(500)
        bench.send(.tick)
        bench.send(.primaryChecked(.primary(PrimaryStatus(epoch: InlineBench.epoch, unixMilliseconds: 1_000))))
        #expect(bench.troubles.count == 3)
        #expect(bench.troubles.last == .some(nil))
        bench.send(.primaryChecked(.unusable("a standby for a while")))
        #expect(bench.troubles.last == InlineMachine.Trouble(reason: "a standby for a while", isFinal: false))
    }

    @Test func `of a client that has closed its link are forgotten if they had not begun`() {
        var bench = InlineBench.ready(concurrency: 1)
        let first = bench.request()
        _ = bench.request()
        bench.send(.closed)
        bench.send(.finished(first.id, InlineBench.committed(first)))
        #expect(bench.started == [first.id])
    }
}

@Suite("A client whose jobs run inline")
struct InlineClientMachineTests {
    @Test func `shows a committed job at once if it reads from the primary`() {
        var bench = ClientBench.ready { $0.readsFromPrimary = true }
        let handle = bench.submit()
        bench.queue(handle)
        bench.reply(handle)
        #expect(bench.ended[handle]?.isVisible == true)
        #expect(bench.watches.isEmpty)
    }

    @Test func `ends what cannot run at once, with the reason, until it can again`() {
        var bench = ClientBench()
        bench.send(.start)
        let early = bench.submit()
        bench.send(.troubled(reason: "run `wherry migrate up`", isFinal: true))
        #expect(bench.ended[early] == .rejected(.unusable(reason: "run `wherry migrate up`")))
        let late = bench.submit()
        #expect(bench.ended[late] == .rejected(.unusable(reason: "run `wherry migrate up`")))
        bench.send(.troubled(reason: nil, isFinal: false))
        let healed = bench.submit()
        #expect(bench.ended[healed] == nil)
    }

    @Test func `says at its deadline what kept a job from running`() {
        var bench = ClientBench()
        bench.send(.start)
        let handle = bench.submit()
        bench.send(.troubled(reason: "no route to the primary", isFinal: false))
        #expect(bench.ended[handle] == nil)
        bench.now = bench.now + .seconds(31)
        bench.send(.tick)
        #expect(bench.ended[handle] == .neverSent(wasCancelled: false, reason: "no route to the primary"))
    }
}
