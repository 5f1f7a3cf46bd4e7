import Testing
import WherryCore
import WherryWire

@testable import WherryWorker

@Suite("A worker's jobs")
struct WorkerJobTests {
    @Test("run, are said to run, and are answered where they came from")
    func life() {
        var bench = WorkerBench.serving(brokers: 2)
        let request = bench.request()
        bench.hear(.request(request), from: 1)
        #expect(bench.actions == [.run(request, receivedAt: bench.now)])
        bench.tell(.handlerStarted(request.job.id))
        #expect(bench.sent(to: 1) == [.running(Running(id: request.job.id, attempts: 0))])
        bench.tell(.finished(request.job.id, .reply(WorkerBench.reply(to: request))))
        #expect(bench.replies(to: 1) == [.committed])
        #expect(bench.sent(to: 0).isEmpty)
        #expect(bench.machine.heldCount == 0)
    }

    @Test("are not started twice: a second copy shares the answer, and hears that it runs")
    func duplicate() {
        var bench = WorkerBench.serving(brokers: 2)
        let request = bench.request()
        bench.hear(.request(request), from: 0)
        bench.tell(.handlerStarted(request.job.id))
        var copy = request
        copy.redelivered = true
        bench.hear(.request(copy), from: 1)
        #expect(bench.started.isEmpty)
        #expect(bench.sent(to: 1) == [.running(Running(id: request.job.id, attempts: 0))])
        bench.tell(.finished(request.job.id, .reply(WorkerBench.reply(to: request))))
        #expect(bench.replies(to: 0) == [.committed])
        #expect(bench.replies(to: 1) == [.committed])
    }

    @Test("with the id of another job that runs here are refused")
    func conflict() {
        var bench = WorkerBench.serving()
        let request = bench.request()
        bench.hear(.request(request))
        var other = request
        other.job.digest[0] = 4
        bench.hear(.request(other))
        #expect(bench.refusals() == [.idConflict])
        bench.tell(.finished(request.job.id, .reply(WorkerBench.reply(to: request))))
        #expect(bench.replies() == [.committed])
    }

    @Test("beyond the concurrency wait, up to the allowance; the rest is refused as overloaded")
    func allowance() {
        var bench = WorkerBench.serving(concurrency: 2) { $0.allowance = 1 }
        let requests = (0..<4).map { _ in bench.request() }
        bench.hear(.request(requests[0]))
        bench.hear(.request(requests[1]))
        bench.hear(.request(requests[2]))
        #expect(bench.actions.isEmpty)
        bench.hear(.request(requests[3]))
        #expect(bench.refusals() == [.overloaded])
        bench.tell(.finished(requests[0].job.id, .reply(WorkerBench.reply(to: requests[0]))))
        #expect(bench.started == [requests[2].job.id])
    }

    @Test("that wait past their deadline are refused as expired, without a claim about other copies")
    func expired() {
        var bench = WorkerBench.serving(concurrency: 1)
        let running = bench.request()
        let waiting = bench.request(remaining: .seconds(2))
        bench.hear(.request(running))
        bench.hear(.request(waiting))
        bench.pass(.seconds(2))
        #expect(bench.refusals() == [.expired])
        #expect(bench.machine.heldCount == 1)
        #expect(bench.sent().allSatisfy { if case .refused(let refused) = $0 { !refused.neverDispatched } else { true } })
    }

    @Test("that are cancelled go back if they wait, and are stopped if they run; their end says what came of that")
    func cancelled() {
        var bench = WorkerBench.serving(concurrency: 1)
        let (running, waiting) = (bench.request(), bench.request())
        bench.hear(.request(running))
        bench.hear(.request(waiting))
        bench.hear(.cancel(waiting.job.id))
        #expect(bench.refusals() == [.cancelled])
        #expect(bench.machine.heldCount == 1)
        bench.hear(.cancel(running.job.id))
        #expect(bench.actions == [.cancel(running.job.id)])
        bench.tell(.finished(running.job.id, .reply(WorkerBench.reply(to: running))))
        #expect(bench.replies() == [.committed], "it was faster")
        bench.hear(.cancel(running.job.id))
        #expect(bench.actions.isEmpty)
    }

    @Test("are said to run again when their handler begins anew, for its progress does too")
    func runningAgain() {
        var bench = WorkerBench.serving()
        let request = bench.request()
        bench.hear(.request(request))
        bench.tell(.handlerStarted(request.job.id))
        bench.tell(.handlerStarted(request.job.id))
        #expect(bench.sent() == [.running(Running(id: request.job.id, attempts: 0))])
    }

    @Test("that nobody here has a handler for are refused")
    func unknown() {
        var bench = WorkerBench.serving()
        var request = bench.request()
        request.job.version = 2
        bench.hear(.request(request))
        #expect(bench.refusals() == [.unknownJob])
    }

    @Test("that a run gives back are refused without a claim of never having been dispatched")
    func givenBack() {
        var bench = WorkerBench.serving()
        let request = bench.request()
        bench.hear(.request(request))
        let refused = Refused(id: request.job.id, code: .unavailable, message: "", incarnation: [1], neverDispatched: true)
        bench.tell(.finished(request.job.id, .refused(refused)))
        #expect(bench.refusals() == [.unavailable])
        #expect(bench.sent().allSatisfy { if case .refused(let refused) = $0 { !refused.neverDispatched } else { true } })
        #expect(bench.checksPrimary)
    }

    @Test("of a broker that is gone are finished, and their answers dropped")
    func orphan() {
        var bench = WorkerBench.serving()
        let request = bench.request()
        bench.hear(.request(request))
        bench.hear(.disconnect(Disconnect(reason: .leaving)))
        #expect(bench.machine.heldCount == 1)
        bench.tell(.finished(request.job.id, .reply(WorkerBench.reply(to: request))))
        #expect(bench.sent().isEmpty)
        #expect(bench.machine.heldCount == 0)
    }

    @Test("are fenced at once, beyond the capacity, and all who asked hear the outcome")
    func fences() {
        var bench = WorkerBench.serving(brokers: 2, concurrency: 1)
        let running = bench.request()
        let waiting = bench.request()
        bench.hear(.request(running))
        bench.hear(.request(waiting))
        let fence = Fence(job: waiting.job, kind: .cancelled, epoch: WorkerBench.epoch)
        bench.hear(.fence(fence), from: 0)
        #expect(bench.actions.contains(.fence(fence, receivedAt: bench.now)))
        bench.hear(.fence(fence), from: 1)
        #expect(bench.actions.isEmpty)
        let reply = WorkerBench.reply(to: waiting, outcome: .cancelled)
        bench.tell(.fenced(waiting.job.id, .reply(reply)))
        #expect(bench.sent(to: 0) == [.outcome(reply)])
        #expect(bench.sent(to: 1) == [.outcome(reply)])
        bench.tell(.finished(running.job.id, .reply(WorkerBench.reply(to: running))))
        let redelivered = bench.actions.compactMap { if case .run(let request, _) = $0 { request.redelivered } else { nil } }
        #expect(redelivered == [true], "the job that was fenced while it waited looks its receipt up first")
    }

    @Test("have fences refused as fences")
    func fenceRefused() {
        var bench = WorkerBench.serving()
        let fence = Fence(job: bench.request().job, kind: .cancelled, epoch: WorkerBench.newerEpoch)
        bench.hear(.fence(fence))
        #expect(bench.refusals() == [.wrongEpoch])
        #expect(bench.sent().contains { if case .refused(let refused) = $0 { refused.subject == .fence } else { false } })
    }

    @Test("that a broker binds while a HELLO is under way are answered after it")
    func answerAfterHello() {
        var bench = WorkerBench.serving()
        let request = bench.request()
        bench.hear(.request(request))
        bench.hear(.disconnect(Disconnect(reason: .unknownPeer)))
        bench.tell(.finished(request.job.id, .reply(WorkerBench.reply(to: request))))
        #expect(bench.replies() == [.committed])
    }
}
