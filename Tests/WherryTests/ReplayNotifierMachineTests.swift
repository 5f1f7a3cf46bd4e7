import Testing
import Wherry
import WherryCore
import WherryJobs
import WherryPostgres

@Suite("The replay notifier's machine")
struct ReplayNotifierMachineTests {
    // MARK: Nothing to do

    @Test("asks nothing and has no timer while nobody waits")
    func idle() {
        var bench = NotifierBench()
        bench.send(.tick)
        #expect(bench.connects.isEmpty)
        #expect(bench.machine.nextDeadline == nil)
    }

    @Test("stops asking when the last waiter is gone, and closes the connection after a while")
    func quietAfterwards() {
        var bench = NotifierBench.warm()
        bench.run(for: .seconds(50))
        #expect(bench.pollCount == 0)
        #expect(bench.disconnects.isEmpty)
        bench.run(for: .seconds(11))
        #expect(bench.disconnects == [1])
        #expect(bench.machine.nextDeadline == nil)
        _ = bench.watch(1)
        #expect(bench.connects == [1, 2])
    }

    @Test("leaves nothing behind after timeouts and cancellations")
    func nothingLeft() {
        var bench = NotifierBench.warm()
        let late = bench.watch(1_000, within: .milliseconds(10))
        let cancelled = bench.watch(1_000)
        let lateProof = bench.prove(makeJobID(1), at: 1_000, within: .milliseconds(10))
        let lateLookUp = bench.watch(.receipt(makeJobID(2)), within: .milliseconds(10))
        bench.send(.unwatch(cancelled))
        bench.run(for: .milliseconds(100))
        #expect(bench.machine.waiterCount == 0)
        #expect(bench.finished.keys.sorted() == [late, lateProof, lateLookUp].sorted())
        for id in [late, lateProof, lateLookUp] { #expect(bench.finished[id]?.errorCode == .timedOut) }
        let polls = bench.pollCount
        bench.run(for: .seconds(5))
        #expect(bench.pollCount == polls)
    }

    @Test("refuses more waiters than its limit")
    func bounded() {
        var bench = NotifierBench { $0.maximumWaiters = 2 }
        _ = bench.watch(1_000)
        _ = bench.watch(1_000)
        let third = bench.watch(1_000)
        #expect(bench.finished[third]?.errorCode == .tooManyWaiters)
        #expect(bench.machine.waiterCount == 2)
    }

    // MARK: Positions

    @Test("tells a position only by a poll that met the epoch of the poll before it (rule 11)")
    func firstPollJudgesNothing() {
        var bench = NotifierBench()
        let id = bench.watch(50)
        bench.connect()
        bench.answer()
        #expect(bench.finished[id] == nil)
        bench.run(for: .milliseconds(2))
        #expect(bench.finished[id] == .reached(CausalToken(epoch: NotifierBench.first, lsn: LSN(rawValue: 100))))
    }

    @Test("wakes waiters in the order of their positions, and only those that are reached")
    func order() {
        var bench = NotifierBench.warm()
        let far = bench.watch(300)
        let near = bench.watch(200)
        bench.run(for: .milliseconds(5))
        #expect(bench.finished.isEmpty)
        bench.state.position = LSN(rawValue: 200)
        bench.run(for: .milliseconds(5))
        #expect(bench.finished.keys.sorted() == [near])
        bench.state.position = LSN(rawValue: 500)
        bench.run(for: .milliseconds(5))
        #expect(bench.finished.keys.sorted() == [far, near].sorted())
    }

    @Test("re-checks at registration: what the last poll saw is enough for a position, for a short while")
    func recheck() {
        var bench = NotifierBench.warm()
        let id = bench.watch(100)
        #expect(bench.finished[id] != nil)
        bench.run(for: .seconds(1))
        let later = bench.watch(100)
        #expect(bench.finished[later] == nil, "an old view is asked again")
        bench.run(for: .milliseconds(2))
        #expect(bench.finished[later] != nil)
    }

    @Test("loses no wake-up between registration and sleep, whatever the order of events", arguments: 1...50)
    func noLostWakeUp(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bench = NotifierBench.warm()
        var waiting: [NotifierBench.WaiterID: UInt64] = [:]
        var position: UInt64 = 100
        for _ in 0..<400 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                let lsn = position + UInt64.random(in: 0..<20, using: &random)
                waiting[bench.watch(lsn, within: nil)] = lsn
            case 2:
                position += UInt64.random(in: 0..<10, using: &random)
                bench.state.position = LSN(rawValue: position)
            case 3: bench.answer()
            case 4:
                bench.now = bench.now + .microseconds(Int.random(in: 0..<1_000, using: &random))
                bench.send(.tick)
            default:
                if let id = waiting.keys.sorted().randomElement(using: &random), Int.random(in: 0..<4, using: &random) == 0 {
                    bench.send(.unwatch(id))
                    if bench.finished[id] == nil { waiting[id] = nil }
                }
            }
            for (id, lsn) in waiting where bench.finished[id] != nil { #expect(lsn <= position) }
            if bench.machine.waiterCount > 0 {
                #expect(!bench.asked.isEmpty || bench.machine.nextDeadline != nil, "somebody waits and nothing will wake it")
            }
        }
        bench.state.position = LSN(rawValue: position + 1_000)
        bench.run(for: .milliseconds(100))
        #expect(bench.machine.waiterCount == 0)
        for id in waiting.keys { #expect(bench.finished[id] != nil) }
    }

    @Test("forgets the position with the connection: it goes backward over a crash (rule 10)")
    func crash() {
        var bench = NotifierBench.warm()
        bench.state.position = LSN(rawValue: 400)
        _ = bench.watch(400)
        bench.run(for: .milliseconds(2))
        bench.lose()
        bench.identity.startTime = 2
        bench.state.startTime = 2
        bench.state.position = LSN(rawValue: 50)
        let id = bench.watch(300)
        #expect(bench.finished[id] == nil)
        bench.run(for: .milliseconds(500))
        bench.connect()
        bench.run(for: .milliseconds(20))
        #expect(bench.finished[id] == nil)
        bench.state.position = LSN(rawValue: 300)
        bench.run(for: .milliseconds(20))
        #expect(bench.finished[id] != nil)
        #expect(bench.others.contains { if case .serverChanged = $0 { true } else { false } })
    }

    @Test("judges nothing by a poll that met another server behind the same connection")
    func otherServerBehindThePooler() {
        var bench = NotifierBench.warm()
        let id = bench.watch(200)
        bench.state.startTime = 9
        bench.state.position = LSN(rawValue: 999)
        bench.run(for: .milliseconds(50))
        #expect(bench.finished[id] == nil)
    }

    @Test("waits while the position is NULL")
    func nullPosition() {
        var bench = NotifierBench.warm()
        bench.state.position = nil
        let id = bench.watch(200)
        bench.run(for: .milliseconds(50))
        #expect(bench.finished[id] == nil)
        bench.state.position = LSN(rawValue: 200)
        bench.run(for: .milliseconds(50))
        #expect(bench.finished[id] != nil)
    }

    // MARK: Epochs

    @Test("waits for a token of a newer history, however far the position is (rule 4)")
    func newerToken() {
        var bench = NotifierBench.warm()
        let id = bench.watch(10, of: NotifierBench.second)
        bench.state.position = LSN(rawValue: 9_999)
        bench.run(for: .seconds(1))
        #expect(bench.finished[id] == nil)
        bench.epoch = NotifierBench.second
        bench.run(for: .milliseconds(100))
        #expect(bench.finished[id] != nil)
        #expect(bench.others.contains(.epochSeen(NotifierBench.second)))
    }

    @Test("tells a token of an older history that it is superseded")
    func olderToken() {
        var bench = NotifierBench.warm()
        let id = bench.watch(200)
        bench.epoch = NotifierBench.second
        bench.state.position = LSN(rawValue: 9_999)
        bench.run(for: .milliseconds(100))
        #expect(bench.finished[id] == .superseded(by: NotifierBench.second))
    }

    @Test("judges nothing by the poll in which the epoch changed (rule 11)")
    func epochChange() {
        var bench = NotifierBench.warm()
        let id = bench.watch(200, of: NotifierBench.second)
        bench.run(for: .milliseconds(100))
        bench.epoch = NotifierBench.second
        bench.state.position = LSN(rawValue: 200)
        while bench.asked.isEmpty {
            bench.now = bench.machine.nextDeadline ?? bench.now
            bench.send(.tick)
        }
        bench.answer()
        #expect(bench.finished[id] == nil)
        bench.run(for: .milliseconds(100))
        #expect(bench.finished[id] != nil)
    }

    @Test(
        "fails tokens of a fork and of another system with an error of their own",
        arguments: [(NotifierBench.fork, ReplayError.Code.fork), (NotifierBench.foreign, .otherSystem)])
    func foreign(epoch: Epoch, code: ReplayError.Code) {
        var bench = NotifierBench.warm()
        let token = bench.watch(10, of: epoch)
        let proof = bench.prove(makeJobID(1), at: 10, of: epoch)
        bench.run(for: .milliseconds(5))
        #expect(bench.finished[token]?.errorCode == code)
        #expect(bench.finished[proof]?.errorCode == code)
    }

    @Test("waits where no epoch has been replayed yet")
    func noEpoch() {
        var bench = NotifierBench()
        bench.epoch = nil
        let id = bench.watch(10)
        bench.connect()
        bench.run(for: .milliseconds(50))
        #expect(bench.finished[id] == nil)
        bench.epoch = NotifierBench.first
        bench.run(for: .milliseconds(50))
        #expect(bench.finished[id] != nil)
    }

    // MARK: Roles

    @Test("on the primary itself a token is visible if it is flushed (rule 5)")
    func primary() {
        var bench = NotifierBench()
        bench.state = .init(isInRecovery: false, position: LSN(rawValue: 100), timeline: 1, startTime: 1, hasReceiver: false)
        let here = bench.watch(100)
        let beyond = bench.watch(101)
        bench.connect()
        bench.run(for: .seconds(20))
        #expect(bench.finished[here] != nil)
        #expect(bench.finished[beyond] == nil, "and it is no standby without a receiver")
    }

    @Test("reports a promotion and calls nothing ready by it: the new history's epoch has to be there first (rules 11 and 29)")
    func promotion() {
        var bench = NotifierBench.warm()
        let lost = bench.watch(200)
        let proof = bench.prove(makeJobID(1), at: 200)
        bench.run(for: .milliseconds(5))
        bench.state = .init(isInRecovery: false, position: LSN(rawValue: 500), timeline: 2, startTime: 1)
        bench.run(for: .seconds(1))
        #expect(bench.others.contains(.roleChanged(isPrimary: true)))
        #expect(bench.finished.isEmpty)
        #expect(bench.pollCount < 300, "and does not ask in a frenzy meanwhile")
        bench.epoch = NotifierBench.second
        bench.run(for: .milliseconds(200))
        #expect(bench.finished[lost] == .superseded(by: NotifierBench.second))
        #expect(bench.finished[proof] == .superseded(by: NotifierBench.second))
    }

    // MARK: Stalls

    @Test(
        "fails waiters with the reason when replay is paused, or without a receiver, for longer than the grace (rule 13)",
        arguments: [true, false])
    func stall(isPaused: Bool) {
        var bench = NotifierBench.warm()
        bench.state.isPaused = isPaused
        bench.state.hasReceiver = isPaused
        let id = bench.watch(200, within: .seconds(60))
        bench.run(for: .seconds(9))
        #expect(bench.finished[id] == nil)
        bench.run(for: .seconds(2))
        #expect(bench.finished[id]?.errorCode == (isPaused ? .paused : .noReceiver))
    }

    @Test("forgives a pause shorter than the grace, and a standby that is fed from an archive")
    func noStall() {
        var bench = NotifierBench.warm()
        bench.state.isPaused = true
        let id = bench.watch(1_000, within: .seconds(600))
        bench.run(for: .seconds(8))
        bench.state.isPaused = false
        bench.run(for: .seconds(8))
        bench.state.hasReceiver = false
        for step in 0..<10 {
            bench.run(for: .seconds(8))
            bench.state.position = LSN(rawValue: 200 + UInt64(step))
        }
        #expect(bench.finished[id] == nil)
    }

    // MARK: Connections

    @Test("connects again with a growing pause while somebody waits, and waits on until the deadline")
    func reconnects() {
        var bench = NotifierBench()
        let id = bench.watch(10, within: .seconds(20))
        for _ in 0..<100 where bench.finished.isEmpty {
            bench.lose()
            bench.run(for: (bench.machine.nextDeadline ?? bench.now) - bench.now)
        }
        #expect(bench.finished[id]?.errorCode == .timedOut)
        #expect((8...40).contains(bench.connects.count))
    }

    @Test("gives up a connection that leaves a poll without an answer")
    func pollTimeout() {
        var bench = NotifierBench.warm()
        let id = bench.watch(200, within: .seconds(60))
        bench.now = bench.now + .seconds(6)
        bench.send(.tick)
        #expect(bench.disconnects == [1])
        bench.state.position = LSN(rawValue: 200)
        bench.run(for: .seconds(1))
        bench.connect()
        bench.run(for: .milliseconds(50))
        #expect(bench.finished[id] != nil)
    }

    @Test("ignores what comes late from a connection that it gave up")
    func lateAnswer() {
        var bench = NotifierBench.warm()
        let id = bench.watch(200)
        let old = bench.connects[0]
        bench.lose()
        bench.state.position = LSN(rawValue: 999)
        bench.send(.observed(old, ReplayObservation(state: bench.state, epoch: bench.epoch)))
        bench.send(.disconnected(old, reason: "again"))
        #expect(bench.finished[id] == nil)
        bench.run(for: .milliseconds(300))
        #expect(bench.connects.count == 2)
    }

    @Test("tells those who need the ledger when the role may not read it")
    func denied() {
        var bench = NotifierBench.warm()
        let proof = bench.prove(makeJobID(1), at: 200)
        let position = bench.watch(200)
        bench.answer(denied: "permission denied for table receipts")
        #expect(bench.finished[proof]?.errorCode == .denied)
        #expect(bench.finished[position] == nil)
    }

    // MARK: Cadence

    @Test("polls at the shortest interval for those who just came, and ever less for those who have waited long")
    func cadence() {
        var bench = NotifierBench.warm()
        _ = bench.watch(1_000, within: .seconds(600))
        bench.run(for: .milliseconds(4))
        #expect((5...10).contains(bench.pollCount), "about every 0.5 ms")
        bench.run(for: .seconds(10))
        bench.pollCount = 0
        bench.run(for: .seconds(1))
        #expect((45...51).contains(bench.pollCount), "every 20 ms")
        bench.state.position = LSN(rawValue: 500)
        let id = bench.watch(500)
        bench.run(for: .milliseconds(1))
        #expect(bench.finished[id] != nil, "a newcomer does not wait for the slow beat")
    }

    @Test("does not ask two thousand times a second of a replica that stands still, however many come")
    func stuckUnderLoad() {
        var bench = NotifierBench.warm()
        bench.state.isPaused = true
        for _ in 0..<1_000 {
            _ = bench.watch(1_000, within: .milliseconds(500))
            bench.run(for: .milliseconds(5))
        }
        #expect(bench.pollCount < 1_500)
    }
}

extension ReplayVerdict {
    var errorCode: ReplayError.Code? {
        if case .failed(let error) = self { error.code } else { nil }
    }
}
