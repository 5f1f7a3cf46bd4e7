import Testing
import Wherry
import WherryCore
import WherryWire

@Suite("Refusals, and when they are final (step 7)")
struct ClientRefusalTests {
    @Test(
        "the word of the one broker that got the one copy is final",
        arguments: [Refused.Code.unknownJob, .expired, .tooLarge, .malformed])
    func finalHint(code: Refused.Code) {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.refuse(handle, code)
        #expect(bench.ended[handle]?.refusal == code)
        #expect(bench.fences(of: handle).isEmpty)
    }

    @Test("it is not if the copy was dispatched, or another incarnation says so, or the broker met the id twice: then a fence decides")
    func notFinal() {
        for spoil in 0..<3 {
            var bench = ClientBench.ready()
            let handle = bench.submit()
            if spoil == 2 { bench.queue(handle, duplicate: true) }
            bench.refuse(
                handle, .unknownJob, neverDispatched: spoil != 0, incarnation: spoil == 1 ? Array(repeating: 77, count: 16) : nil)
            #expect(bench.ended[handle] == nil)
            #expect(bench.fences(of: handle).first?.kind == .cancelled)
            bench.answerFence(handle, .cancelled)
            #expect(bench.ended[handle]?.refusal == .unknownJob, "the fence stands for the refusal")
        }
    }

    @Test("it is not once a fence was asked for")
    func notFinalAfterFence() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(1))
        bench.run(for: .milliseconds(1_100))
        #expect(bench.fences(of: handle).count == 1)
        bench.refuse(handle, .expired)
        #expect(bench.ended[handle] == nil)
    }

    @Test("it is not once a second copy was handed over")
    func notFinalAfterSecondCopy() {
        var bench = ClientBench.ready(brokers: 2)
        let handle = bench.submit()
        bench.welcome(disowned: [bench.ids[handle]!])
        bench.run(for: .seconds(1))
        #expect(bench.requests(of: handle).count == 2)
        #expect(bench.requests(of: handle).last?.redelivered == true)
        bench.refuse(handle, .unknownJob, by: ClientBench.other)
        #expect(bench.ended[handle] == nil)
        #expect(bench.fences(of: handle).count == 1)
    }

    @Test("a job that nobody offers is sent again until somebody does")
    func unofferedJob() {
        var bench = ClientBench.ready { $0.waitsForUnknownJobs = true }
        let handle = bench.submit(within: .seconds(60))
        for count in 1...20 {
            #expect(bench.requests(of: handle).count == count)
            bench.refuse(handle, .unknownJob)
            bench.run(for: .seconds(2))
        }
        #expect(bench.notes.filter { if case .unoffered = $0 { true } else { false } }.count == 1, "said once for each name")
        bench.queue(handle)
        bench.reply(handle)
        #expect(bench.committed[handle] != nil)
    }

    @Test("if nobody does by its deadline, that is what its caller is told", arguments: [1, 4])
    func neverOffered(copies: Int) {
        var bench = ClientBench.ready { $0.waitsForUnknownJobs = true }
        let handle = bench.submit(within: copies == 1 ? .milliseconds(20) : .seconds(3))
        bench.refuse(handle, .unknownJob)
        while bench.requests(of: handle).count < copies {
            bench.run(for: .milliseconds(50))
            bench.refuse(handle, .unknownJob)
        }
        bench.run(for: .seconds(4))
        // Several copies were about, so only a fence can say that none of them ran.
        if copies > 1 { bench.answerFence(handle, .expired) }
        #expect(bench.fences(of: handle).isEmpty == (copies == 1))
        #expect(bench.ended[handle]?.refusal == .unknownJob)
    }

    @Test("what has been offered meanwhile expires like any other job")
    func offeredThenExpired() {
        var bench = ClientBench.ready { $0.waitsForUnknownJobs = true }
        let handle = bench.submit(within: .seconds(3))
        bench.refuse(handle, .unknownJob)
        bench.run(for: .seconds(1))
        bench.queue(handle)
        bench.run(for: .milliseconds(2_500))
        bench.answerFence(handle, .expired)
        #expect(bench.ended[handle]?.outcome == .expired)
    }

    @Test("statements do not wait for a worker that may run them: they are switched off, not missing")
    func executeSwitchedOff() {
        var bench = ClientBench.ready { $0.waitsForUnknownJobs = true }
        let handle = bench.submit(name: "wherry.execute")
        bench.refuse(handle, .unknownJob)
        #expect(bench.ended[handle]?.refusal == .unknownJob)
    }

    @Test("overloaded: again after the time that the broker names, while the deadline allows")
    func overloaded() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(10))
        bench.refuse(handle, .overloaded, retryAfter: .seconds(2))
        bench.run(for: .milliseconds(1_900))
        #expect(bench.requests(of: handle).count == 1)
        bench.run(for: .milliseconds(700))
        #expect(bench.requests(of: handle).count == 2)
        #expect(bench.requests(of: handle).last?.redelivered == true)
    }

    @Test("overloaded beyond the deadline is final at once if the hint is; otherwise a fence decides")
    func overloadedTooLong() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(1))
        bench.refuse(handle, .overloaded, retryAfter: .seconds(2))
        #expect(bench.ended[handle]?.refusal == .overloaded)

        let second = bench.submit(within: .seconds(3))
        bench.refuse(second, .overloaded, retryAfter: .seconds(1))
        bench.run(for: .milliseconds(1_500))
        bench.refuse(second, .overloaded, retryAfter: .seconds(5))
        #expect(bench.ended[second] == nil)
        bench.run(for: .seconds(2))
        #expect(bench.fences(of: second).first?.kind == .expired)
    }

    @Test("a hint that was final is final at the deadline too, while no other copy went out")
    func hintAtDeadline() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .milliseconds(900))
        bench.refuse(handle, .overloaded, retryAfter: .milliseconds(800))
        bench.send(.cancel(handle))
        #expect(bench.ended[handle]?.refusal == .overloaded)
    }

    @Test("a copy that is handed back is sent again with a growing pause", arguments: [Refused.Code.drained, .unavailable, .unrecognized])
    func handedBack(code: Refused.Code) {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(60))
        var gaps: [Duration] = []
        for _ in 0..<6 {
            let before = bench.now
            let count = bench.requests(of: handle).count
            bench.refuse(handle, code, neverDispatched: false)
            while bench.requests(of: handle).count == count { bench.run(for: .milliseconds(10)) }
            gaps.append(bench.now - before)
        }
        #expect(gaps[5] > gaps[0] * 8)
        #expect(bench.ended[handle] == nil)
    }

    @Test("the id of another job is told as such, by a refusal or by the receipt on the replica")
    func idConflict() {
        var bench = ClientBench.ready()
        let (first, second) = (bench.submit(), bench.submit())
        bench.refuse(first, .idConflict, neverDispatched: false)
        #expect(bench.ended[first]?.refusal == .idConflict)
        bench.run(for: .milliseconds(1_200))
        bench.show(second, digest: 2)
        #expect(bench.ended[second]?.refusal == .idConflict)
    }

    @Test("an outcome that is no longer known is told as such; a clock that is wrong ends the one copy")
    func outOfRange() {
        var bench = ClientBench.ready()
        let (old, early) = (bench.submit(), bench.submit())
        bench.refuse(old, .outcomeNoLongerKnown, neverDispatched: false)
        bench.refuse(early, .clockSkew, neverDispatched: false)
        #expect(bench.ended[old]?.refusal == .outcomeNoLongerKnown)
        #expect(bench.ended[early]?.refusal == .clockSkew)
    }

    @Test("a refusal of a copy that no longer counts changes nothing")
    func stale() {
        var bench = ClientBench.ready(brokers: 2)
        let handle = bench.submit()
        bench.welcome(disowned: [bench.ids[handle]!])
        bench.run(for: .seconds(1))
        bench.refuse(handle, .unknownJob, by: ClientBench.broker)
        #expect(bench.ended[handle] == nil)
        #expect(bench.fences(of: handle).isEmpty)
        bench.reply(handle, by: ClientBench.other)
        bench.show(handle)
        #expect(bench.ended[handle]?.isVisible == true)
        bench.refuse(handle, .unknownJob)
        bench.queue(handle)
        bench.start(handle)
    }

    @Test("a refused fence is asked again; the refusal of a copy meanwhile is no answer to it")
    func refusedFence() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(1))
        bench.run(for: .milliseconds(1_010))
        bench.refuse(handle, .outcomeNoLongerKnown)
        #expect(bench.ended[handle] == nil)
        bench.refuse(handle, .unavailable, subject: .fence)
        bench.run(for: .seconds(2))
        #expect(bench.fences(of: handle).count >= 2)
        bench.answerFence(handle, .expired)
        #expect(bench.ended[handle]?.outcome == .expired)
    }
}
