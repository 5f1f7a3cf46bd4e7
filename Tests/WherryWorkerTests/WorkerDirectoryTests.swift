import Testing
import WherryCore
import WherryJobs
import WherryWire

@testable import WherryWorker

@Suite("Host names of brokers in a worker")
struct WorkerDirectoryTests {
    private func bench(_ addresses: [String]) -> WorkerBench {
        var bench = WorkerBench { $0.brokers = [BrokerAddress(endpoint: "tcp://broker:7")] }
        bench.tell(.started)
        #expect(self.queries(bench) == ["broker"])
        bench.tell(.resolved(entry: 0, .addresses(addresses)))
        bench.tell(.primaryChecked(.primary(WorkerBench.status())))
        for link in addresses.indices { bench.hear(.welcome(WorkerBench.welcome()), from: link) }
        return bench
    }

    private func queries(_ bench: WorkerBench) -> [String] {
        bench.actions.compactMap { if case .resolve(let query) = $0 { query.host } else { nil } }
    }

    /// Lets ten seconds pass, and answers the look-up.
    private func answer(_ bench: inout WorkerBench, _ answer: BrokerDirectory.Answer) {
        bench.pass(.milliseconds(10_100))
        #expect(self.queries(bench) == ["broker"])
        bench.tell(.resolved(entry: 0, answer))
    }

    @Test("stand for all of their addresses: the worker greets each, under an incarnation of its own")
    func allAddresses() {
        var bench = WorkerBench { $0.brokers = [BrokerAddress(endpoint: "tcp://broker:7")] }
        bench.tell(.started)
        bench.tell(.resolved(entry: 0, .addresses(["10.0.0.1", "fd::1"])))
        #expect(bench.actions.contains(.connect(0, endpoint: "tcp://10.0.0.1:7")))
        #expect(bench.actions.contains(.connect(1, endpoint: "tcp://[fd::1]:7")))
        let incarnations = bench.actions.compactMap {
            if case .send(.hello(let hello), _) = $0 { hello.incarnation } else { nil }
        }
        #expect(Set(incarnations).count == 2)
    }

    @Test("that gain an address: it is greeted, and the others keep their links")
    func newAddress() {
        var bench = self.bench(["10.0.0.1"])
        self.answer(&bench, .addresses(["10.0.0.2", "10.0.0.1"]))
        #expect(bench.actions.contains(.connect(1, endpoint: "tcp://10.0.0.2:7")))
        #expect(!bench.actions.contains(.disconnect(0)))
        #expect(bench.machine.capacityBound == 4 + bench.machine.settings.allowance + 1)
    }

    @Test("that lose an address: no credit, then goodbye when nothing is held for it")
    func vanished() {
        var bench = self.bench(["10.0.0.1", "10.0.0.2"])
        let request = bench.request()
        bench.hear(.request(request), from: 0)
        #expect(bench.started == [request.job.id])
        self.answer(&bench, .addresses(["10.0.0.2"]))
        #expect(bench.credits(to: 0) == [0])
        bench.pass(.seconds(5))
        #expect(!bench.actions.contains(.disconnect(0)))
        #expect(!bench.credits(to: 0).contains { $0 > 0 })
        bench.tell(.finished(request.job.id, .reply(WorkerBench.reply(to: request))))
        #expect(bench.replies(to: 0) == [.committed])
        #expect(bench.actions.contains(.send(.disconnect(Disconnect(reason: .leaving)), to: 0)))
        #expect(bench.actions.contains(.disconnect(0)))
        bench.pass(.seconds(30))
        #expect(bench.sent(to: 0).isEmpty)
    }

    @Test("that lose an address do not close its link before a job that is on its way can have come")
    func crossing() {
        var bench = self.bench(["10.0.0.1", "10.0.0.2"])
        self.answer(&bench, .addresses(["10.0.0.2"]))
        #expect(!bench.actions.contains(.disconnect(0)))
        let request = bench.request()
        bench.hear(.request(request), from: 0)
        #expect(bench.started == [request.job.id])
    }

    @Test("whose broker is dead and whose address has vanished are forgotten; the place is used again")
    func vanishedDead() {
        var bench = self.bench(["10.0.0.1"])
        bench.pass(.milliseconds(3_200), brokersAlive: false)
        #expect(bench.actions.contains(.disconnect(0)))
        #expect(self.queries(bench) == ["broker"], "a lost link is reason to look again")
        bench.tell(.resolved(entry: 0, .addresses(["10.0.0.2"])))
        bench.pass(.milliseconds(500), brokersAlive: false)
        let connections = bench.machine.links.count { $0.state != .closed }
        #expect(connections == 1)
        #expect(bench.machine.links.contains { $0.target.endpoint == "tcp://10.0.0.2:7" && $0.isOpen })
    }

    @Test("that cannot be resolved keep what is known; that is logged once")
    func failure() {
        var bench = self.bench(["10.0.0.1"])
        self.answer(&bench, .failed("no such host"))
        #expect(bench.notes == [.unresolved(host: "broker", reason: "no such host")])
        self.answer(&bench, .failed("no such host"))
        #expect(bench.notes.isEmpty)
        #expect(bench.machine.links[0].state == .serving)
    }
}
