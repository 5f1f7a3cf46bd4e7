import Testing
import Wherry
import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

@Suite("Proof by receipt, in the notifier's machine")
struct ReplayProofTests {
    @Test("a proof takes the receipt, seen by a statement after the position, and tells the position asked afterwards")
    func proof() {
        var bench = NotifierBench.warm()
        let id = makeJobID(1)
        let waiter = bench.prove(id, at: 200)
        bench.run(for: .milliseconds(3))
        #expect(bench.finished.isEmpty)
        bench.state.position = LSN(rawValue: 250)
        bench.receipts[id] = makeReceipt(id)
        bench.run(for: .milliseconds(3))
        #expect(bench.finished[waiter] == .receipt(makeReceipt(id), seen: CausalToken(epoch: NotifierBench.first, lsn: LSN(rawValue: 250))))
    }

    @Test("a position that is covered already is no proof: a later statement is asked")
    func coveredAlready() {
        var bench = NotifierBench.warm()
        let id = makeJobID(1)
        bench.receipts[id] = makeReceipt(id)
        let waiter = bench.prove(id, at: 50)
        #expect(bench.finished.isEmpty)
        #expect(bench.asked.first?.receipts == [id])
        bench.answer()
        #expect(bench.finished[waiter] != nil)
    }

    @Test("a proof that is near is asked for early, so that the usual case takes one flight; one that is far is not")
    func early() {
        var bench = NotifierBench.warm { $0.earlyReceiptWindow = 1_000 }
        _ = bench.prove(makeJobID(1), at: 600)
        _ = bench.prove(makeJobID(2), at: 9_999)
        bench.run(for: .milliseconds(2))
        bench.now = bench.machine.nextDeadline ?? bench.now
        bench.send(.tick)
        #expect(bench.asked.first?.receipts == [makeJobID(1)])
    }

    @Test("replayed without a receipt proves nothing: it is looked for less often, and found when it comes (rule 29)")
    func replayedWithoutReceipt() {
        var bench = NotifierBench.warm()
        let id = makeJobID(1)
        let waiter = bench.prove(id, at: 200)
        bench.state.position = LSN(rawValue: 900)
        bench.run(for: .seconds(1))
        #expect(bench.finished.isEmpty)
        #expect(bench.pollCount < 40)
        bench.receipts[id] = makeReceipt(id, .lost)
        bench.run(for: .milliseconds(100))
        #expect(bench.finished[waiter] != nil)
    }

    @Test("a server of an older history than the node knows of proves nothing")
    func olderServer() {
        var bench = NotifierBench.warm()
        let id = makeJobID(1)
        bench.receipts[id] = makeReceipt(id)
        bench.state.position = LSN(rawValue: 900)
        bench.send(.learned(NotifierBench.second))
        let proof = bench.prove(id, at: 200)
        let lookUp = bench.watch(.receipt(id))
        bench.run(for: .seconds(1))
        #expect(bench.finished.isEmpty)
        #expect(bench.pollCount < 40)
        bench.epoch = NotifierBench.second
        bench.run(for: .milliseconds(200))
        #expect(bench.finished[lookUp] != nil)
        #expect(bench.finished[proof]?.receipt == makeReceipt(id), "the receipt has survived the failover")
    }

    @Test("in a newer history a receipt that is there is the proof, whatever the position; one that is not there is superseded")
    func failover() {
        var bench = NotifierBench.warm()
        let (kept, gone) = (makeJobID(1), makeJobID(2))
        let keptWaiter = bench.prove(kept, at: 200)
        let goneWaiter = bench.prove(gone, at: 300)
        bench.run(for: .milliseconds(10))
        bench.receipts[kept] = makeReceipt(kept)
        bench.epoch = NotifierBench.second
        bench.state.position = LSN(rawValue: 250)
        bench.run(for: .milliseconds(200))
        #expect(bench.finished[keptWaiter]?.receipt == makeReceipt(kept))
        #expect(bench.finished[goneWaiter] == .superseded(by: NotifierBench.second))
    }

    @Test("look-ups share one query every 50 ms, only while there are any, and end when the receipt is there")
    func lookUps() {
        var bench = NotifierBench.warm()
        let ids = (0..<10).map(makeJobID)
        let waiters = ids.map { bench.watch(.receipt($0)) }
        bench.run(for: .seconds(1))
        #expect((18...22).contains(bench.pollCount))
        bench.receipts[ids[3]] = makeReceipt(ids[3])
        bench.run(for: .milliseconds(60))
        #expect(bench.finished.keys.sorted() == [waiters[3]])
        for waiter in waiters { bench.send(.unwatch(waiter)) }
        bench.run(for: .milliseconds(60))
        bench.pollCount = 0
        bench.run(for: .seconds(1))
        #expect(bench.pollCount == 0)
    }

    @Test("no poll asks for more receipts than the limit, and everybody has a turn")
    func boundedPolls() {
        var bench = NotifierBench.warm {
            $0.maximumReceiptsPerPoll = 10
            $0.maximumEarlyReceiptsPerPoll = 3
        }
        let ids = (0..<55).map(makeJobID)
        let waiters = ids.map { bench.watch(.receipt($0)) } + ids.map { bench.prove($0, at: 150) }
        for id in ids { bench.receipts[id] = makeReceipt(id) }
        bench.state.position = LSN(rawValue: 200)
        let end = bench.now + .seconds(2)
        while bench.now < end, bench.machine.waiterCount > 0 {
            for poll in bench.asked { #expect(poll.receipts.count <= 10) }
            if bench.asked.isEmpty {
                bench.now = bench.machine.nextDeadline ?? end
                bench.send(.tick)
            } else {
                bench.answer()
            }
        }
        for waiter in waiters { #expect(bench.finished[waiter] != nil) }
    }

    @Test("ten thousand proofs that are due are told in a few polls, without pauses between them")
    func many() {
        var bench = NotifierBench.warm()
        let ids = (0..<10_000).map(makeJobID)
        for (index, id) in ids.enumerated() {
            _ = bench.prove(id, at: 200 + UInt64(index))
            bench.receipts[id] = makeReceipt(id)
        }
        bench.state.position = LSN(rawValue: 100_000)
        bench.run(for: .milliseconds(20))
        #expect(bench.finished.count == 10_000)
        #expect(bench.pollCount < 20)
    }

    @Test("several may wait for one receipt")
    func shared() {
        var bench = NotifierBench.warm()
        let id = makeJobID(1)
        let waiters = [bench.prove(id, at: 50), bench.watch(.receipt(id)), bench.watch(.receipt(id))]
        bench.receipts[id] = makeReceipt(id)
        bench.run(for: .milliseconds(100))
        for waiter in waiters { #expect(bench.finished[waiter]?.receipt != nil) }
    }
}

extension ReplayVerdict {
    var receipt: Receipt? {
        if case .receipt(let receipt, _) = self { receipt } else { nil }
    }
}
