import Testing
import Wherry
import WherryCore
import WherryWire

@Suite("Region jobs in the client's machine")
struct ClientRegionJobTests {
    private static let lax = ClientMachine.LinkID(index: 1)

    private static func target(
        _ region: String = "lax", isIdempotent: Bool = false, waitFor: CausalToken? = nil
    ) -> ClientMachine.Target {
        .region(
            ClientMachine.RegionCall(region: region, isIdempotent: isIdempotent, waitFor: waitFor, unixMilliseconds: 1_700_000_000_000))
    }

    /// A client with one broker in syd, the primary's region, and one in lax.
    private func bench(ready: Bool = true) -> ClientBench {
        var bench = ClientBench {
            $0.brokers = [BrokerAddress(endpoint: "ipc://syd"), BrokerAddress(region: "lax", endpoint: "ipc://lax")]
        }
        bench.send(.start)
        if ready {
            bench.welcome()
            bench.welcome(Self.lax, region: "lax", primary: nil)
        }
        bench.sent = []
        return bench
    }

    private func ending(_ bench: ClientBench, _ handle: ClientBench.Handle) -> ClientMachine.RegionEnding? {
        if case .regionJobEnded(let ending) = bench.ended[handle] { ending } else { nil }
    }

    private func isLost(_ bench: ClientBench, _ handle: ClientBench.Handle) -> Bool {
        if case .lost = self.ending(bench, handle) { true } else { false }
    }

    @Test("go to a broker of their region, with what they must see; write jobs to one of the primary's")
    func routed() {
        var bench = self.bench()
        let token = CausalToken(epoch: ClientBench.first, lsn: LSN(rawValue: 9))
        let (write, region) = (bench.submit(), bench.submit(to: Self.target(waitFor: token)))
        #expect(bench.sent.map(\.link) == [ClientBench.broker, Self.lax])
        #expect(bench.requests(of: write).first?.isRegionJob == false)
        let request = bench.requests(of: region).first
        #expect(request?.isRegionJob == true)
        #expect(request?.waitFor == token)
    }

    @Test("need neither the primary's clock nor its epoch")
    func withoutPrimary() {
        var bench = self.bench(ready: false)
        bench.welcome(Self.lax, region: "lax", primary: nil)
        bench.sent = []
        let write = bench.submit()
        let region = bench.submit(to: Self.target())
        #expect(bench.requests(of: region).count == 1)
        #expect(bench.ids[write] == nil)
        bench.reply(region, by: Self.lax)
        if case .answered = bench.ended[region] {} else { Issue.record("no answer: \(String(describing: bench.ended[region]))") }
    }

    @Test("end with the reply: nothing is awaited on the replica")
    func answered() {
        var bench = self.bench()
        let (good, bad) = (bench.submit(to: Self.target()), bench.submit(to: Self.target()))
        bench.reply(good, by: Self.lax)
        bench.reply(bad, .failed, by: Self.lax)
        if case .answered(let reply) = bench.ended[good] { #expect(reply.payload == [42]) } else { Issue.record("no answer") }
        if case .settled(let reply) = bench.ended[bad] { #expect(reply.outcome == .failed) } else { Issue.record("not settled") }
        #expect(bench.watches.isEmpty)
        #expect(bench.timings[good]?.replayWait == nil)
    }

    @Test("for a region that no broker is configured for are refused, with the regions that there are")
    func unknownRegion() {
        var bench = self.bench()
        let handle = bench.submit(to: Self.target("fra"))
        #expect(bench.ended[handle] == .rejected(.unknownRegion("fra", known: ["syd", "lax"])))
    }

    @Test("are lost when the broker says that it does not have them, and are not sent again")
    func disowned() {
        var bench = self.bench()
        let handle = bench.submit(within: .seconds(60), to: Self.target())
        bench.run(for: .milliseconds(1_100))
        bench.welcome(Self.lax, region: "lax", disowned: [bench.ids[handle]!], primary: nil)
        #expect(self.isLost(bench, handle))
        #expect(bench.requests(of: handle).count == 1)
    }

    @Test("outlive the silence of a broker that comes back and still has them")
    func comesBack() {
        var bench = self.bench()
        let handle = bench.submit(within: .seconds(60), to: Self.target())
        bench.queue(handle, by: Self.lax)
        bench.run(for: .milliseconds(3_100), silent: [Self.lax])
        #expect(!bench.open.contains(Self.lax))
        #expect(bench.ended[handle] == nil)
        while !bench.open.contains(Self.lax) { bench.run(for: .milliseconds(50)) }
        bench.welcome(Self.lax, region: "lax", primary: nil)
        bench.run(for: .seconds(10))
        #expect(bench.ended[handle] == nil)
        bench.reply(handle, by: Self.lax)
        if case .answered = bench.ended[handle] {} else { Issue.record("no answer") }
        #expect(bench.requests(of: handle).count == 1)
    }

    @Test("are lost five seconds after their broker fell silent, and at once when it says goodbye")
    func silentBroker() {
        var bench = self.bench()
        let handle = bench.submit(within: .seconds(60), to: Self.target())
        bench.queue(handle, by: Self.lax)
        bench.run(for: .milliseconds(7_900), silent: [Self.lax])
        #expect(bench.ended[handle] == nil)
        bench.run(for: .milliseconds(400), silent: [Self.lax])
        #expect(self.isLost(bench, handle))

        var other = self.bench()
        let second = other.submit(within: .seconds(60), to: Self.target())
        other.queue(second, by: Self.lax)
        other.receive(.disconnect(Disconnect(reason: .leaving)), from: Self.lax)
        #expect(self.isLost(other, second))
    }

    @Test("that are idempotent are sent again instead, as redelivered", arguments: [true, false])
    func idempotent(byRefusal: Bool) {
        var bench = self.bench()
        let handle = bench.submit(within: .seconds(60), to: Self.target(isIdempotent: true))
        bench.queue(handle, by: Self.lax)
        if byRefusal {
            bench.refuse(handle, .regionJobLost, neverDispatched: false, by: Self.lax)
        } else {
            bench.receive(.disconnect(Disconnect(reason: .leaving)), from: Self.lax)
            while !bench.open.contains(Self.lax) { bench.run(for: .milliseconds(50)) }
            bench.welcome(Self.lax, region: "lax", disowned: [bench.ids[handle]!], primary: nil)
        }
        bench.run(for: .seconds(1))
        #expect(bench.requests(of: handle).count == 2)
        #expect(bench.requests(of: handle).last?.redelivered == true)
        #expect(bench.watches.isEmpty, "there is no receipt to look for")
    }

    @Test("whose worker died are lost")
    func workerDied() {
        var bench = self.bench()
        let handle = bench.submit(to: Self.target())
        bench.refuse(handle, .regionJobLost, neverDispatched: false, by: Self.lax)
        #expect(self.isLost(bench, handle))
    }

    @Test("that were handed back were not run: they go again", arguments: [Refused.Code.overloaded, .drained, .unavailable])
    func handedBack(code: Refused.Code) {
        var bench = self.bench()
        let handle = bench.submit(within: .seconds(60), to: Self.target())
        bench.refuse(handle, code, neverDispatched: false, by: Self.lax)
        bench.run(for: .seconds(1))
        #expect(bench.requests(of: handle).count == 2)
    }

    @Test("that nobody has a handler for fail at once")
    func unknownJob() {
        var bench = self.bench()
        let handle = bench.submit(to: Self.target())
        bench.refuse(handle, .unknownJob, by: Self.lax)
        #expect(bench.ended[handle]?.refusal == .unknownJob)
    }

    @Test("end at their deadline, without a fence; whoever has them is told")
    func deadline() {
        var bench = self.bench()
        let handle = bench.submit(within: .seconds(2), to: Self.target())
        bench.queue(handle, by: Self.lax)
        bench.run(for: .milliseconds(2_100))
        #expect(self.ending(bench, handle) == .expired)
        #expect(bench.cancels == [bench.ids[handle]!])
        #expect(bench.fences(of: handle).isEmpty)
    }

    @Test("that are cancelled end when the broker says so, at once if they run, or after a second", arguments: [0, 1, 2])
    func cancelled(way: Int) {
        var bench = self.bench()
        let handle = bench.submit(to: Self.target())
        bench.queue(handle, by: Self.lax)
        if way == 1 { bench.start(handle, by: Self.lax) }
        bench.send(.cancel(handle))
        #expect(bench.cancels == [bench.ids[handle]!])
        switch way {
        case 0:
            bench.refuse(handle, .cancelled, by: Self.lax)
            #expect(bench.ended[handle]?.refusal == .cancelled)
        case 1: #expect(self.ending(bench, handle) == .cancelled)
        default:
            bench.run(for: .milliseconds(1_100))
            #expect(self.ending(bench, handle) == .cancelled)
        }
        #expect(bench.cancels.count == 1)
    }

    @Test("whose token is of another history than the region's database end with that")
    func foreignToken() {
        var bench = self.bench()
        let token = CausalToken(epoch: ClientBench.first, lsn: LSN(rawValue: 9))
        let handle = bench.submit(to: Self.target(waitFor: token))
        bench.refuse(handle, .wrongEpoch, neverDispatched: false, epoch: ClientBench.second, by: Self.lax)
        #expect(self.ending(bench, handle) == .foreignToken(token, found: ClientBench.second, message: "because"))
    }

    @Test("never go to a broker that says it stands elsewhere than its entry does")
    func wrongRegion() {
        var bench = self.bench(ready: false)
        bench.welcome()
        bench.welcome(Self.lax, region: "fra", primary: nil)
        let handle = bench.submit(within: .seconds(1), to: Self.target())
        bench.run(for: .milliseconds(1_100))
        #expect(bench.requests(of: handle).isEmpty)
        #expect(bench.ended[handle]?.neverSentReason?.contains("it stands in fra, not in lax") == true)
    }

    @Test("do not wait behind write jobs that cannot go, nor the other way round")
    func noHeadOfLine() {
        var bench = ClientBench {
            $0.brokers = [BrokerAddress(endpoint: "ipc://syd"), BrokerAddress(region: "lax", endpoint: "ipc://lax")]
        }
        bench.send(.start)
        bench.welcome()
        bench.sent = []
        let (region, write) = (bench.submit(to: Self.target()), bench.submit())
        #expect(bench.requests(of: write).count == 1)
        #expect(bench.requests(of: region).isEmpty)
        bench.welcome(Self.lax, region: "lax", primary: nil)
        #expect(bench.requests(of: region).count == 1)
    }
}
