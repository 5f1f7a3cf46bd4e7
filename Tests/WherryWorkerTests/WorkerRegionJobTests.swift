import Testing
import WherryCore
import WherryJobs
import WherryWire

@testable import WherryWorker

@Suite("Region jobs in a worker")
struct WorkerRegionJobTests {
    private static let regionOffer = Offer(name: "cache.warm", version: 1, isRegionJob: true)

    private func bench(writes: Bool = true, primaryRegion: String? = nil) -> WorkerBench {
        var bench = WorkerBench {
            $0.offers = writes ? [WorkerBench.offer, Self.regionOffer] : [Self.regionOffer]
            $0.primaryRegion = primaryRegion
        }
        bench.tell(.started)
        return bench
    }

    private func regionRequest(_ bench: inout WorkerBench) -> Request {
        var request = bench.request(epoch: nil)
        request.job.name = "cache.warm"
        request.isRegionJob = true
        return request
    }

    @Test("run beside a standby; write jobs do not")
    func standby() {
        var bench = self.bench()
        bench.tell(.primaryChecked(.standby))
        #expect(bench.notes == [.servingStandby])
        bench.hear(.welcome(WorkerBench.welcome()))
        let region = self.regionRequest(&bench)
        bench.hear(.request(region))
        #expect(bench.started == [region.job.id])
        bench.hear(.request(bench.request()))
        #expect(bench.started.isEmpty)
        #expect(bench.refusals() == [.unavailable])
    }

    @Test("get credit beside a standby, though no primary is reported")
    func credit() {
        var bench = self.bench(writes: false)
        bench.hear(.welcome(WorkerBench.welcome()))
        bench.tell(.primaryChecked(.standby))
        #expect(bench.credits() == [4])
        #expect(bench.sent().allSatisfy { if case .heartbeat(let beat) = $0 { beat.primary == nil } else { true } })
        bench.now = bench.now + .seconds(1)
        bench.tell(.timePassed)
        bench.tell(.primaryChecked(.standby))
        #expect(bench.notes.isEmpty, "said once")
    }

    @Test("run beside the primary too, whatever epoch the request names")
    func primary() {
        var bench = self.bench()
        bench.tell(.primaryChecked(.primary(WorkerBench.status())))
        bench.hear(.welcome(WorkerBench.welcome()))
        let region = self.regionRequest(&bench)
        bench.hear(.request(region))
        #expect(bench.started == [region.job.id])
    }

    @Test("go on when the primary turns into a standby, and when a standby is promoted write jobs begin")
    func changesRole() {
        var bench = self.bench()
        bench.tell(.primaryChecked(.primary(WorkerBench.status())))
        bench.hear(.welcome(WorkerBench.welcome()))
        bench.now = bench.now + .seconds(1)
        bench.tell(.timePassed)
        bench.tell(.primaryChecked(.standby))
        #expect(bench.notes.contains(.primaryIsStandby))
        #expect(!bench.credits().contains(0))
        let region = self.regionRequest(&bench)
        bench.hear(.request(region))
        #expect(bench.started == [region.job.id])
        bench.now = bench.now + .seconds(1)
        bench.tell(.timePassed)
        bench.tell(.primaryChecked(.primary(WorkerBench.status(WorkerBench.newerEpoch))))
        let write = bench.request(epoch: WorkerBench.newerEpoch)
        bench.hear(.request(write))
        #expect(bench.started == [write.job.id])
    }

    @Test("do not hide that the primary should be here: with write jobs the worker ends on a standby", arguments: [true, false])
    func primaryRegion(writes: Bool) {
        var bench = self.bench(writes: writes, primaryRegion: "syd")
        bench.tell(.primaryChecked(.standby))
        #expect((bench.actions.last == .end(.startedOnStandby)) == writes)
    }

    @Test("are refused as not run while the database is down")
    func unavailable() {
        var bench = self.bench()
        bench.tell(.primaryChecked(.unreachable("refused")))
        bench.hear(.welcome(WorkerBench.welcome()))
        bench.hear(.request(self.regionRequest(&bench)))
        #expect(bench.refusals() == [.unavailable])
    }

    @Test("that run when the time to drain is over are lost; those that wait are handed back")
    func drained() {
        var bench = self.bench()
        bench.tell(.primaryChecked(.standby))
        bench.hear(.welcome(WorkerBench.welcome()))
        let requests = (0..<5).map { _ in self.regionRequest(&bench) }
        for request in requests { bench.hear(.request(request)) }
        bench.tell(.drainRequested)
        #expect(bench.refusals() == [.drained])
        bench.pass(.seconds(21))
        #expect(bench.refusals() == Array(repeating: .regionJobLost, count: 4))
    }

    @Test("make a broker of another region worth a line in the log, once")
    func elsewhere() {
        var bench = self.bench()
        var welcome = WorkerBench.welcome()
        welcome.region = "fra"
        bench.hear(.welcome(welcome))
        #expect(bench.notes.contains(.brokerElsewhere(link: 0, region: "fra")))
        bench.hear(.welcome(welcome))
        #expect(!bench.notes.contains(.brokerElsewhere(link: 0, region: "fra")))
    }
}
