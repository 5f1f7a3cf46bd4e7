import Testing
import WherryCore
import WherryWire

@testable import WherryWorker

@Suite("A worker whose handlers block all threads")
struct WorkerPulseTests {
    @Test("falls silent, without a goodbye, and comes back once something runs")
    func stalls() {
        var bench = WorkerBench.serving(brokers: 2)
        let request = bench.request()
        bench.hear(.request(request))
        bench.tell(.handlerStarted(request.job.id))
        bench.isStalled = true
        bench.pass(.seconds(9))
        #expect(bench.sent().contains { if case .heartbeat = $0 { true } else { false } }, "it may be busy")
        bench.pass(.seconds(3))
        #expect(bench.notes.contains { if case .stalled = $0 { true } else { false } })
        #expect(bench.actions.contains(.disconnect(0)) && bench.actions.contains(.disconnect(1)))
        #expect(!bench.sent().contains { if case .disconnect = $0 { true } else { false } })
        bench.pass(.seconds(60), brokersAlive: false)
        #expect(bench.actions.allSatisfy { $0 == .checkPrimary }, "nothing is opened, nothing is said")

        bench.isStalled = false
        bench.tell(.pulsed)
        #expect(bench.notes == [.recovered])
        #expect(bench.hellos().first?.running == [request.job.id], "what it ran all the while is said")
        #expect(bench.hellos(to: 1).count == 1)
    }

    @Test("is not one that was frozen: nothing ran, but for a reason")
    func frozen() {
        var bench = WorkerBench.serving()
        bench.isStalled = true
        bench.pass(.seconds(2))
        bench.now = bench.now + .seconds(120)
        bench.tell(.timePassed)
        #expect(!bench.notes.contains { if case .stalled = $0 { true } else { false } })
    }
}
