import Testing
import WherryCore
import WherryWire

@testable import WherryWorker

@Suite("A worker's credit")
struct WorkerCreditTests {
    @Test("is all of the capacity for a single broker, and changes with no job")
    func single() {
        var bench = WorkerBench.serving()
        #expect(bench.machine.links[0].credit == 4)
        for _ in 0..<4 {
            bench.hear(.request(bench.request()))
            #expect(bench.credits().isEmpty)
        }
    }

    @Test("is shared between brokers and moves to where the work is")
    func shared() {
        var bench = WorkerBench.serving(brokers: 2, concurrency: 8)
        bench.pass(.seconds(1))
        #expect(bench.machine.links.map(\.credit) == [4, 4])
        for _ in 0..<8 where bench.machine.heldCount < bench.machine.links[0].credit { bench.hear(.request(bench.request()), from: 0) }
        #expect(bench.machine.links[0].credit >= 7)
        #expect(bench.machine.links[1].credit == 1, "a broker is never left without any")
        #expect(bench.machine.heldCount >= 7)
    }

    @Test("never adds up to more than capacity and allowance")
    func bounded() {
        for brokers in 1...5 {
            var bench = WorkerBench.serving(brokers: brokers, concurrency: 4)
            var generator = SplitMix64(seed: UInt64(brokers))
            var held: [JobID] = []
            for _ in 0..<200 {
                let link = Int.random(in: 0..<brokers, using: &generator)
                if Bool.random(using: &generator), let id = held.popLast() {
                    bench.tell(
                        .finished(id, .refused(Refused(id: id, code: .expired, message: "", incarnation: [], neverDispatched: false))))
                } else if bench.machine.heldCount(of: link) < bench.machine.links[link].credit {
                    let request = bench.request()
                    bench.hear(.request(request), from: link)
                    #expect(bench.refusals(to: link).isEmpty)
                    held.append(request.job.id)
                }
                let allowed = bench.machine.settings.concurrency + bench.machine.settings.allowance
                #expect(bench.machine.links.reduce(0) { $0 + $1.credit } <= allowed)
            }
        }
    }

    @Test("is none while the database is away, and back when it is")
    func databaseAway() {
        var bench = WorkerBench.serving()
        bench.pass(.milliseconds(900))
        bench.now = bench.now + .milliseconds(200)
        bench.tell(.timePassed)
        #expect(bench.checksPrimary)
        bench.tell(.primaryChecked(.unreachable("refused")))
        #expect(bench.credits() == [0])
        #expect(bench.notes == [.primaryUnreachable("refused")])
        bench.hear(.request(bench.request()))
        #expect(bench.refusals() == [.unavailable])
        bench.now = bench.now + .milliseconds(250)
        bench.tell(.timePassed)
        #expect(bench.checksPrimary)
        bench.tell(.primaryChecked(.primary(WorkerBench.status())))
        #expect(bench.credits() == [4])
    }
}
