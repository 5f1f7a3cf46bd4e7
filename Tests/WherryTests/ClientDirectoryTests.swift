import Testing
import Wherry
import WherryCore
import WherryWire

@Suite("Host names of brokers in the client's machine")
struct ClientDirectoryTests {
    /// A client that knows one broker by a host name, whose look-up was answered.
    private func bench(_ addresses: [String]) -> ClientBench {
        var bench = ClientBench { $0.brokers = [BrokerAddress(endpoint: "tcp://broker:7")] }
        bench.send(.start)
        self.answer(&bench, addresses)
        for link in bench.open.sorted() { bench.welcome(link) }
        bench.sent = []
        return bench
    }

    private func answer(_ bench: inout ClientBench, _ addresses: [String]) {
        let query = bench.queries.removeFirst()
        bench.send(.resolved(entry: query.entry, addresses.isEmpty ? .failed("no such host") : .addresses(addresses)))
    }

    @Test("stand for all of their addresses: each has a link")
    func allAddresses() {
        let bench = self.bench(["10.0.0.1", "10.0.0.2", "fd::1"])
        #expect(bench.open.count == 3)
        #expect(Set(bench.endpoints.values) == ["tcp://10.0.0.1:7", "tcp://10.0.0.2:7", "tcp://[fd::1]:7"])
    }

    @Test("are looked up again after ten seconds; a new address gets a link, one that stays keeps its own")
    func newAddress() {
        var bench = self.bench(["10.0.0.1"])
        bench.run(for: .milliseconds(10_100))
        #expect(bench.queries.map(\.host) == ["broker"])
        self.answer(&bench, ["10.0.0.2", "10.0.0.1"])
        #expect(bench.open.count == 2)
        #expect(bench.openings == 2, "the first was not opened again")
    }

    @Test("that lose an address while nothing is outstanding there close its link at once, with a goodbye")
    func vanishedIdle() {
        var bench = self.bench(["10.0.0.1", "10.0.0.2"])
        bench.run(for: .milliseconds(10_100))
        self.answer(&bench, ["10.0.0.2"])
        #expect(bench.open.count == 1)
        #expect(bench.sent.contains { if case .disconnect(let farewell) = $0.message { farewell.reason == .leaving } else { false } })
        #expect(bench.endpoints[bench.open.first!] == "tcp://10.0.0.2:7")
    }

    @Test("that lose an address give it nothing new, and wait for what is outstanding there")
    func vanishedBusy() {
        var bench = self.bench(["10.0.0.1"])
        let handle = bench.submit(within: .seconds(60))
        let old = bench.sent[0].link
        bench.queue(handle, by: old)
        bench.run(for: .milliseconds(10_100))
        self.answer(&bench, ["10.0.0.2"])
        #expect(bench.open.count == 2)
        let new = bench.open.subtracting([old]).first!
        bench.welcome(new)
        bench.sent = []
        let later = (0..<5).map { _ in bench.submit(within: .seconds(60)) }
        #expect(bench.sent.allSatisfy { $0.link == new })
        #expect(later.allSatisfy { bench.requests(of: $0).count == 1 })
        bench.reply(handle, by: old)
        #expect(bench.committed[handle] != nil)
        #expect(bench.open == [new], "drained")
    }

    @Test("that lose the address of a dead broker send its jobs elsewhere")
    func vanishedDead() {
        var bench = self.bench(["10.0.0.1"])
        let handle = bench.submit(within: .seconds(60))
        let old = bench.sent[0].link
        bench.queue(handle, by: old)
        bench.run(for: .milliseconds(3_050), silent: [old])
        #expect(bench.queries.count == 1, "a lost link is reason to look again")
        self.answer(&bench, ["10.0.0.2"])
        #expect(bench.open.count == 1)
        let new = bench.open.first!
        #expect(bench.endpoints[new] == "tcp://10.0.0.2:7")
        bench.welcome(new)
        bench.run(for: .seconds(1))
        #expect(bench.requests(of: handle).count == 2)
        #expect(bench.requests(of: handle).last?.redelivered == true)
    }

    @Test("that change often do not make the table of links grow")
    func placesAreUsedAgain() {
        var bench = self.bench(["10.0.0.1"])
        for number in 2...20 {
            bench.run(for: .milliseconds(10_100))
            self.answer(&bench, ["10.0.0.\(number)"])
            for link in bench.open.sorted() { bench.welcome(link) }
        }
        #expect(bench.open.count == 1)
        #expect(bench.openings == 20)
        #expect(bench.open.first!.index <= 1)
    }

    @Test("that cannot be resolved keep what is known; that is noted once")
    func failure() {
        var bench = self.bench(["10.0.0.1"])
        for _ in 0..<3 {
            bench.run(for: .milliseconds(10_100))
            self.answer(&bench, [])
        }
        #expect(bench.open.count == 1)
        #expect(bench.notes.filter { if case .unresolved = $0 { true } else { false } }.count == 1)
    }

    @Test("that never had an address are named in the error of a job that could not be sent")
    func neverResolved() {
        var bench = ClientBench { $0.brokers = [BrokerAddress(endpoint: "tcp://broker:7")] }
        bench.send(.start)
        let handle = bench.submit(within: .seconds(1))
        self.answer(&bench, [])
        bench.run(for: .milliseconds(1_100))
        #expect(bench.ended[handle]?.neverSentReason?.contains("tcp://broker:7: its name cannot be resolved: no such host") == true)
    }

    @Test("show another incarnation on every link, so that two addresses of one broker do not fight")
    func incarnations() {
        var bench = ClientBench { $0.brokers = [BrokerAddress(endpoint: "tcp://broker:7")] }
        bench.send(.start)
        self.answer(&bench, ["10.0.0.1", "fd::1"])
        let incarnations = bench.sent.compactMap { if case .hello(let hello) = $0.message { hello.incarnation } else { nil } }
        #expect(Set(incarnations).count == 2)
    }
}
