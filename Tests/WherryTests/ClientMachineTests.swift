import Testing
import Wherry
import WherryCore
import WherryWire

@Suite("The client's machine")
struct ClientMachineTests {
    // MARK: The usual case

    @Test("a job is sent, acknowledged, committed, proved and ended, with every leg timed")
    func usualCase() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        let request = bench.requests(of: handle).first
        #expect(request?.epoch == ClientBench.first)
        #expect(request?.redelivered == false)
        #expect(request?.remaining == .seconds(30))
        #expect(bench.ids[handle]?.unixMilliseconds == 1_800_000_000_000)
        bench.queue(handle)
        bench.start(handle)
        bench.now = bench.now + .milliseconds(10)
        bench.reply(handle)
        #expect(bench.committed[handle]?.token.lsn == LSN(rawValue: 500))
        #expect(bench.ended[handle] == nil)
        #expect(bench.watches[handle] == .proof(bench.ids[handle]!, CausalToken(epoch: ClientBench.first, lsn: LSN(rawValue: 500))))
        bench.now = bench.now + .milliseconds(1)
        bench.show(handle)
        #expect(bench.ended[handle]?.isVisible == true)
        #expect(bench.timings[handle]?.network == .milliseconds(7))
        #expect(bench.timings[handle]?.replayWait == .milliseconds(1))
        #expect(bench.timings[handle]?.total == .milliseconds(11))
        #expect(bench.machine.pendingCount == 0)
        #expect(bench.watches.isEmpty)
    }

    @Test("an id is minted by the primary's clock, carried on by one's own")
    func clock() {
        var bench = ClientBench.ready()
        bench.now = bench.now + .milliseconds(2_500)
        let handle = bench.submit()
        #expect(bench.ids[handle]?.unixMilliseconds == 1_800_000_002_500)
    }

    @Test("a job submitted before anything is known waits for start, WELCOME and the primary's epoch and clock")
    func early() {
        var bench = ClientBench()
        let handle = bench.submit()
        #expect(bench.openings == 0)
        bench.send(.start)
        bench.welcome(primary: nil)
        #expect(bench.requests().isEmpty)
        #expect(bench.ids[handle] == nil)
        bench.receive(.heartbeat(Heartbeat(primary: PrimaryStatus(epoch: ClientBench.first, unixMilliseconds: 5))))
        #expect(bench.requests(of: handle).count == 1)
    }

    @Test("an epoch told by the replica alone sends nothing: without the primary's clock there is no id")
    func epochWithoutClock() {
        var bench = ClientBench()
        let handle = bench.submit()
        bench.send(.start)
        bench.send(.learned(ClientBench.first))
        bench.welcome(primary: nil)
        #expect(bench.requests().isEmpty)
        bench.welcome()
        #expect(bench.requests(of: handle).count == 1)
    }

    @Test(
        "a job that failed ends with its receipt, and no proof is waited for", arguments: [Outcome.failed, .poisoned, .cancelled, .expired])
    func failed(outcome: Outcome) {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.reply(handle, outcome)
        #expect(bench.ended[handle] == .settled(bench.makeReplyOf(handle, outcome)))
        #expect(bench.committed[handle] == nil)
    }

    @Test("an answer that comes twice changes nothing")
    func doubledReply() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.reply(handle)
        bench.reply(handle, lsn: 900)
        #expect(bench.watches[handle]?.token?.lsn == LSN(rawValue: 500))
        bench.show(handle)
        bench.reply(handle)
        #expect(bench.ended.count == 1)
    }

    // MARK: Limits

    @Test("a full table, and arguments that are too large, are refused at once")
    func limits() {
        var bench = ClientBench.ready {
            $0.maximumPendingJobs = 2
            $0.maximumArgumentBytes = 3
        }
        let large = bench.submit(arguments: [1, 2, 3, 4])
        _ = bench.submit(arguments: [1, 2, 3])
        _ = bench.submit()
        let third = bench.submit()
        #expect(bench.ended[large] == .rejected(.tooLarge(limit: 3)))
        #expect(bench.ended[third] == .rejected(.overloaded(limit: 2)))
        #expect(bench.machine.pendingCount == 2)
    }

    @Test("a broker is given no more than its window; the others wait here, in order")
    func window() {
        var bench = ClientBench.ready { $0.maximumOutstandingPerBroker = 3 }
        let handles = (0..<10).map { _ in bench.submit() }
        #expect(bench.requests().count == 3)
        bench.reply(handles[0])
        #expect(bench.requests().map(\.job.id) == handles[0..<4].compactMap { bench.ids[$0] })
    }

    @Test("jobs are spread over the brokers")
    func spread() {
        var bench = ClientBench.ready(brokers: 2)
        for _ in 0..<10 { _ = bench.submit() }
        #expect(bench.sent.filter { $0.link == ClientBench.broker }.count == 5)
        #expect(bench.sent.filter { $0.link == ClientBench.other }.count == 5)
    }

    // MARK: Deadlines and cancellation

    @Test("a job that was never handed over by its deadline ends as never sent, and says why")
    func neverSent() {
        var bench = ClientBench()
        bench.send(.start)
        let handle = bench.submit(within: .seconds(1))
        bench.run(for: .seconds(2), silent: [ClientBench.broker])
        #expect(bench.ended[handle]?.neverSentReason?.contains("ipc://broker-0") == true)

        var workerless = ClientBench()
        workerless.send(.start)
        workerless.welcome(primary: nil)
        let waiting = workerless.submit(within: .seconds(1))
        workerless.run(for: .seconds(2))
        #expect(workerless.ended[waiting]?.neverSentReason?.contains("no worker") == true)
    }

    @Test("at the deadline a fence is asked for, carrying the newest epoch; what stands then is the outcome")
    func deadline() {
        var bench = ClientBench.ready()
        let (gone, done) = (bench.submit(within: .seconds(5)), bench.submit(within: .seconds(5)))
        bench.queue(gone)
        bench.queue(done)
        bench.run(for: .seconds(5))
        #expect(bench.fences(of: gone).first?.kind == .expired)
        #expect(bench.fences(of: gone).first?.epoch == ClientBench.first)
        bench.answerFence(gone, .expired)
        #expect(bench.ended[gone]?.outcome == .expired)
        bench.answerFence(done, .committed)
        #expect(bench.committed[done] != nil)
        #expect(bench.ended[done]?.replayError == .timedOut, "committed, and its deadline is over: not yet visible, with value and token")
    }

    @Test("a fence without an answer is asked again, and after 5 s the handle is undecided")
    func undecided() {
        var bench = ClientBench.ready(brokers: 2)
        let handle = bench.submit(within: .seconds(1))
        bench.run(for: .seconds(4))
        #expect(bench.ended[handle] == nil)
        #expect(bench.fences(of: handle).count >= 2)
        #expect(Set(bench.sent.filter { if case .fence = $0.message { true } else { false } }.map(\.link)).count == 2)
        bench.run(for: .seconds(3))
        #expect(bench.ended[handle]?.isUndecided == true)
        #expect(bench.machine.pendingCount == 0)
    }

    @Test("a fence that no broker can take waits for one that comes back")
    func fenceWaitsForLink() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(4))
        bench.run(for: .milliseconds(4_500), silent: [ClientBench.broker])
        #expect(bench.fences(of: handle).isEmpty)
        bench.welcome()
        #expect(bench.fences(of: handle).count == 1)
        bench.answerFence(handle, .expired)
        #expect(bench.ended[handle]?.outcome == .expired)
    }

    @Test("cancelling a job that is not sent yet ends it at once")
    func cancelUnsent() {
        var bench = ClientBench()
        bench.send(.start)
        let handle = bench.submit()
        bench.send(.cancel(handle))
        #expect(bench.ended[handle]?.neverSentReason != nil)
    }

    @Test("cancelling a queued job takes the broker's word for it")
    func cancelQueued() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.queue(handle)
        bench.send(.cancel(handle))
        #expect(bench.cancels.count == 1)
        #expect(bench.fences(of: handle).isEmpty)
        bench.refuse(handle, .cancelled)
        #expect(bench.ended[handle]?.refusal == .cancelled)
    }

    @Test("cancelling a job that runs, or of which the broker says nothing, asks for a fence; a commit that was faster is the outcome")
    func cancelRunning() {
        var bench = ClientBench.ready()
        let (running, silent) = (bench.submit(), bench.submit())
        bench.start(running)
        bench.send(.cancel(running))
        #expect(bench.fences(of: running).first?.kind == .cancelled)
        bench.reply(running)
        bench.show(running)
        #expect(bench.ended[running]?.isVisible == true)
        bench.send(.cancel(silent))
        bench.run(for: .milliseconds(1_100))
        #expect(bench.fences(of: silent).first?.kind == .cancelled)
        bench.answerFence(silent, .cancelled)
        #expect(bench.ended[silent]?.outcome == .cancelled)
    }

    @Test("cancelling after the commit ends the wait, not the job")
    func cancelCommitted() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.reply(handle)
        bench.send(.cancel(handle))
        #expect(bench.ended[handle]?.replayError == .cancelled)
        #expect(bench.ended[handle]?.outcome == .committed)
        #expect(bench.watches.isEmpty)
    }

    // MARK: Shutdown

    @Test("a shutdown takes nothing new, drains, says good-bye and fails what is left")
    func shutdown() {
        var bench = ClientBench.ready()
        let (done, left) = (bench.submit(), bench.submit())
        bench.send(.shutdown(until: bench.now + .seconds(5)))
        let late = bench.submit()
        #expect(bench.ended[late] == .rejected(.closed))
        bench.reply(done)
        bench.show(done)
        #expect(bench.ended[done]?.isVisible == true)
        #expect(!bench.isFinished)
        bench.run(for: .seconds(6))
        #expect(bench.ended[left] == .rejected(.closed))
        #expect(bench.isFinished)
        #expect(bench.open.isEmpty)
        #expect(bench.sent.contains { if case .disconnect(let word) = $0.message { word.reason == .leaving } else { false } })
        #expect(bench.machine.nextDeadline == nil)
    }

    @Test("a shutdown before the start, or twice, is fine")
    func oddShutdowns() {
        var bench = ClientBench()
        let handle = bench.submit()
        bench.send(.shutdown(until: bench.now + .seconds(5)))
        #expect(bench.ended[handle] == .rejected(.closed))
        #expect(bench.isFinished)
        bench.isFinished = false
        bench.send(.shutdown(until: bench.now + .seconds(5)))
        bench.send(.start)
        #expect(!bench.isFinished)
        #expect(bench.openings == 0)
    }
}

extension ClientBench {
    func makeReplyOf(_ handle: Handle, _ outcome: Outcome) -> Reply {
        // SAFETY: the test submitted it to a machine that knows the clock.
        self.makeReply(handle, outcome)!
    }
}
