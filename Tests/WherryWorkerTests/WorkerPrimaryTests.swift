import Testing
import WherryCore
import WherryWire

@testable import WherryWorker

@Suite("A worker's primary")
struct WorkerPrimaryTests {
    @Test("that is a standby at the start ends the worker")
    func standbyAtStart() {
        var bench = WorkerBench()
        bench.tell(.started)
        bench.tell(.primaryChecked(.standby))
        #expect(bench.actions.last == .end(.startedOnStandby))
    }

    @Test("that turns into a standby later is not served, and looked at again")
    func standbyLater() {
        var bench = WorkerBench.serving()
        bench.now = bench.now + .seconds(1)
        bench.tell(.timePassed)
        bench.tell(.primaryChecked(.standby))
        #expect(bench.notes == [.primaryIsStandby])
        #expect(bench.credits() == [0])
        #expect(bench.machine.nextWakeUp ?? bench.now <= bench.now + .milliseconds(250))
    }

    @Test("serves requests of its own epoch only, and says which that is", arguments: [nil, WorkerBench.newerEpoch])
    func wrongEpoch(epoch: Epoch?) {
        var bench = WorkerBench.serving()
        bench.hear(.request(bench.request(epoch: epoch)))
        #expect(bench.refusals() == [.wrongEpoch])
        #expect(bench.sent().contains { if case .refused(let refused) = $0 { refused.epoch == WorkerBench.epoch } else { false } })
        #expect(bench.checksPrimary == (epoch != nil), "a newer epoch is reason to look")
    }

    @Test("is not given up for a client's word alone")
    func clientStopsNobody() {
        var bench = WorkerBench.serving()
        bench.hear(.request(bench.request(epoch: WorkerBench.newerEpoch)))
        bench.tell(.primaryChecked(.primary(WorkerBench.status())))
        bench.hear(.request(bench.request()))
        #expect(bench.started.count == 1)
    }

    @Test("is stale once another worker announced a newer epoch: nothing is served, and it is said once")
    func stale() {
        var bench = WorkerBench.serving(brokers: 2)
        let news = Message.heartbeat(Heartbeat(primary: WorkerBench.status(WorkerBench.newerEpoch)))
        bench.hear(news, from: 0)
        #expect(bench.notes == [.primaryIsStale(own: WorkerBench.epoch, newest: WorkerBench.newerEpoch)])
        #expect(bench.credits(to: 0) == [0])
        #expect(bench.credits(to: 1) == [0])
        #expect(bench.checksPrimary)
        bench.hear(news, from: 1)
        bench.tell(.primaryChecked(.primary(WorkerBench.status())))
        #expect(bench.notes.isEmpty)
        bench.hear(.request(bench.request()))
        #expect(bench.refusals() == [.unavailable])

        bench.now = bench.now + .seconds(1)
        bench.tell(.timePassed)
        bench.tell(.primaryChecked(.primary(WorkerBench.status(WorkerBench.newerEpoch))))
        #expect(bench.notes == [.serving(WorkerBench.newerEpoch)])
        bench.hear(.request(bench.request(epoch: WorkerBench.newerEpoch)))
        #expect(bench.started.count == 1)
    }

    @Test("of a new epoch has the jobs handed back that waited for the old one")
    func waitingAcrossFailover() {
        var bench = WorkerBench.serving(concurrency: 1)
        bench.hear(.request(bench.request()))
        bench.hear(.request(bench.request()))
        bench.now = bench.now + .seconds(1)
        bench.tell(.timePassed)
        bench.tell(.primaryChecked(.primary(WorkerBench.status(WorkerBench.newerEpoch))))
        #expect(bench.refusals() == [.wrongEpoch])
        #expect(bench.machine.heldCount == 1)
    }

    @Test("has a clock that goes on between two looks")
    func clock() {
        var bench = WorkerBench.serving()
        bench.now = bench.now + .milliseconds(700)
        #expect(bench.machine.primaryStatus(now: bench.now)?.unixMilliseconds == 1_000_700)
    }

    @Test("answers questions for its position with a look that began after them")
    func positions() {
        var bench = WorkerBench.serving()
        bench.hear(.positionRequest(PositionRequest(number: 1)))
        #expect(bench.actions == [.readPosition(WorkerBench.epoch)])
        bench.hear(.positionRequest(PositionRequest(number: 2)))
        #expect(bench.actions.isEmpty)
        let first = CausalToken(epoch: WorkerBench.epoch, lsn: LSN(rawValue: 10))
        bench.tell(.positionRead(first))
        #expect(bench.sent() == [.position(Position(number: 1, token: first))])
        #expect(bench.actions.contains(.readPosition(WorkerBench.epoch)))
        let second = CausalToken(epoch: WorkerBench.epoch, lsn: LSN(rawValue: 20))
        bench.tell(.positionRead(second))
        #expect(bench.sent() == [.position(Position(number: 2, token: second))])
    }

    @Test("that another worker's primary is a fork of is complained of once")
    func fork() {
        var bench = WorkerBench.serving()
        let fork = Epoch(systemIdentifier: 7, timeline: 1, restoreCounter: 0, random: 99)
        bench.hear(.heartbeat(Heartbeat(primary: WorkerBench.status(fork))))
        #expect(bench.notes == [.primariesDiffer(own: WorkerBench.epoch, other: fork)])
        bench.hear(.heartbeat(Heartbeat(primary: WorkerBench.status(fork))))
        #expect(bench.notes.isEmpty)
    }
}
