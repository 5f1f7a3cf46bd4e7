import Testing
import Wherry
import WherryCore
import WherryWire

@Suite("Epochs, the replica and lost commits in the client's machine")
struct ClientEpochTests {
    @Test("a worker of another epoch runs nothing; its epoch is learned, and the job sent again at once with it")
    func wrongEpoch() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.refuse(handle, .wrongEpoch, neverDispatched: false, epoch: ClientBench.second)
        #expect(bench.requests(of: handle).last?.epoch == ClientBench.second)
        #expect(bench.requests(of: handle).last?.redelivered == true)
        #expect(bench.learned.last == ClientBench.second)
    }

    @Test("a worker of an older epoch is stale: the job goes again after a pause, and not in a circle")
    func staleWorker() {
        var bench = ClientBench.ready()
        bench.send(.learned(ClientBench.second))
        let handle = bench.submit(within: .seconds(60))
        for _ in 0..<5 {
            bench.refuse(handle, .wrongEpoch, neverDispatched: false, epoch: ClientBench.first)
            bench.run(for: .milliseconds(10))
        }
        #expect(bench.requests(of: handle).count < 4)
        #expect(bench.requests(of: handle).allSatisfy { $0.epoch == ClientBench.second })
    }

    @Test("an answer of an older epoch than the newest known proves nothing; the job is sent again")
    func oldAnswer() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(60))
        bench.send(.learned(ClientBench.second))
        bench.reply(handle, epoch: ClientBench.first)
        #expect(bench.committed.isEmpty)
        bench.run(for: .seconds(1))
        #expect(bench.requests(of: handle).last?.epoch == ClientBench.second)
        bench.reply(handle, .failed, epoch: ClientBench.first)
        #expect(bench.ended.isEmpty)
        bench.reply(handle, epoch: ClientBench.second)
        #expect(bench.committed[handle]?.token.epoch == ClientBench.second)
    }

    @Test("an answer of a fork, or of another system, proves nothing and is noted", arguments: [NotifierBench.fork, NotifierBench.foreign])
    func foreignAnswer(epoch: Epoch) {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(60))
        bench.reply(handle, epoch: epoch)
        #expect(bench.committed.isEmpty && bench.ended.isEmpty)
        #expect(bench.notes.contains(.foreignEpoch(epoch)))
        #expect(bench.machine.epoch == ClientBench.first)
    }

    @Test("a receipt on a replica of an older epoch proves nothing, and is watched for again")
    func oldReplica() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.reply(handle)
        bench.send(.learned(ClientBench.second))
        bench.show(handle, epoch: ClientBench.first)
        #expect(bench.ended.isEmpty)
        #expect(bench.watches[handle] != nil)
        bench.show(handle, epoch: ClientBench.second)
        #expect(bench.ended[handle]?.isVisible == true)
    }

    @Test("a commit that a failover took along is told lost only by a lost receipt on the new primary (rule 17)")
    func lost() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.reply(handle)
        bench.judge(handle, .superseded(by: ClientBench.second))
        #expect(bench.ended.isEmpty)
        let fence = bench.fences(of: handle).last
        #expect(fence?.kind == .lost)
        #expect(fence?.epoch == ClientBench.second)
        bench.answerFence(handle, .committed, epoch: ClientBench.first)
        #expect(bench.ended.isEmpty, "the old primary's word is worth nothing")
        bench.answerFence(handle, .lost, epoch: ClientBench.second)
        #expect(bench.ended[handle]?.outcome == .lost)
    }

    @Test("a commit that survived the failover, or was done again, gets its new token and is proved there")
    func survived() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.reply(handle)
        bench.judge(handle, .superseded(by: ClientBench.second))
        bench.answerFence(handle, .committed, epoch: ClientBench.second, lsn: 50)
        #expect(bench.ended.isEmpty)
        #expect(bench.watches[handle]?.token == CausalToken(epoch: ClientBench.second, lsn: LSN(rawValue: 50)))
        bench.show(handle, epoch: ClientBench.second)
        #expect(bench.ended[handle]?.isVisible == true)
    }

    @Test("a lost fence without an answer leaves the handle undecided")
    func lostUndecided() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.reply(handle)
        bench.judge(handle, .superseded(by: ClientBench.second))
        bench.run(for: .seconds(6))
        #expect(bench.ended[handle]?.isUndecided == true)
    }

    @Test("a fence of an old epoch is asked again with the new one as soon as that is known")
    func fenceFollowsEpoch() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(1))
        bench.run(for: .milliseconds(1_010))
        bench.refuse(handle, .wrongEpoch, subject: .fence, epoch: ClientBench.second)
        #expect(bench.fences(of: handle).last?.epoch == ClientBench.second)
        bench.answerFence(handle, .expired, epoch: ClientBench.first)
        #expect(bench.ended.isEmpty)
        bench.answerFence(handle, .expired, epoch: ClientBench.second)
        #expect(bench.ended[handle]?.outcome == .expired)
    }

    @Test("a replica that cannot prove ends the handle as committed, not visible, with the reason")
    func cannotProve() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.reply(handle)
        bench.judge(handle, .failed(ReplayError(.paused, "paused")))
        #expect(bench.ended[handle]?.replayError == .paused)
        #expect(bench.ended[handle]?.outcome == .committed)
    }

    @Test("a look-up that cannot be had is not asked for again and again; the job goes its other ways")
    func lookUpRefused() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(60))
        bench.run(for: .milliseconds(1_100))
        bench.judge(handle, .failed(ReplayError(.denied, "no")))
        bench.run(for: .seconds(10))
        #expect(bench.watches.isEmpty)
        bench.reply(handle)
        #expect(bench.watches[handle] != nil, "a proof is tried all the same")
    }

    @Test("a failed receipt on the replica ends the job")
    func failedOnReplica() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(60))
        bench.run(for: .milliseconds(1_100))
        bench.show(handle, .failed)
        #expect(bench.ended[handle]?.outcome == .failed)
    }

    @Test("two outcomes of one id in one epoch are noted: the ledger would be at fault")
    func contradiction() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.reply(handle)
        bench.reply(handle, .failed)
        #expect(bench.notes.contains(.contradiction(bench.ids[handle]!)))
        #expect(bench.ended.isEmpty)
    }
}
