import Testing

@testable import WherryJobs

@Suite("What stops a handler", .timeLimit(.minutes(5)))
struct JobStopTests {
    @Test("is heard before, while and after somebody waits, and the first reason counts")
    func reasons() async {
        let stop = JobStop()
        stop.reset()
        stop.stop(.timedOut)
        stop.stop(.expired)
        #expect(await stop.wait() == .timedOut)
        stop.reset()
        async let waiting = stop.wait()
        stop.stop(.expired)
        #expect(await waiting == .expired)
    }

    @Test("holds for every further run if the caller gave the job up, and for no other if its time was over")
    func sticky() async {
        let stop = JobStop()
        stop.reset()
        stop.stop(.timedOut)
        stop.reset()
        #expect(!stop.isCancelled)
        stop.cancel()
        #expect(await stop.wait() == .cancelled)
        stop.reset()
        #expect(stop.isCancelled)
        #expect(await stop.wait() == .cancelled)
    }

    @Test("there is none once the handler has returned, whatever comes later")
    func returned() async {
        let stop = JobStop()
        stop.reset()
        stop.returned()
        stop.stop(.timedOut)
        #expect(await stop.wait() == nil)
    }

    @Test("ends with its task")
    func task() async {
        let stop = JobStop()
        stop.reset()
        let task = Task { await stop.wait() }
        task.cancel()
        #expect(await task.value == .drained)
    }
}
