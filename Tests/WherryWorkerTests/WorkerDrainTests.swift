import Testing
import WherryCore
import WherryWire

@testable import WherryWorker

@Suite("A worker that drains")
struct WorkerDrainTests {
    @Test("takes nothing new, hands back what waits, finishes what runs, and leaves")
    func drain() {
        var bench = WorkerBench.serving(concurrency: 1)
        let running = bench.request()
        bench.hear(.request(running))
        bench.hear(.request(bench.request()))
        bench.tell(.drainRequested)
        #expect(bench.refusals() == [.drained])
        #expect(bench.credits() == [0])
        bench.hear(.request(bench.request()))
        #expect(bench.refusals() == [.drained])
        bench.tell(.finished(running.job.id, .reply(WorkerBench.reply(to: running))))
        #expect(bench.replies() == [.committed])
        #expect(bench.sent().last == .disconnect(Disconnect(reason: .leaving)))
        #expect(bench.actions.suffix(2) == [.disconnect(0), .end(.drained)])
    }

    @Test("hands back what has not finished within the limit")
    func limit() {
        var bench = WorkerBench.serving()
        let running = bench.request()
        bench.hear(.request(running))
        bench.tell(.drainRequested)
        bench.pass(.seconds(19))
        #expect(bench.machine.heldCount == 1)
        bench.pass(.seconds(1))
        #expect(bench.refusals() == [.drained])
        #expect(bench.actions.contains(.abandon([running.job.id])))
        #expect(bench.actions.last == .end(.drained))
    }

    @Test("ends at once when it has nothing to do, even before it started")
    func idle() {
        var bench = WorkerBench.serving()
        bench.tell(.drainRequested)
        #expect(bench.actions.last == .end(.drained))
        var unstarted = WorkerBench()
        unstarted.tell(.drainRequested)
        #expect(unstarted.actions == [.end(.drained)])
        #expect(unstarted.machine.nextWakeUp == nil)
    }
}
