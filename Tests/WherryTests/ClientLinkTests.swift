import Testing
import Wherry
import WherryCore
import WherryWire

@Suite("Links, liveness and redelivery in the client's machine")
struct ClientLinkTests {
    @Test("says HELLO first, heartbeats when it has nothing else to say, and nothing to a broker that is down")
    func heartbeats() {
        var bench = ClientBench()
        bench.send(.start)
        #expect(bench.hellos == [[]])
        bench.welcome()
        bench.run(for: .seconds(10))
        #expect((8...11).contains(bench.heartbeats))
        #expect(bench.hellos.count == 1)
    }

    @Test("a silent broker is dead after three intervals: the socket is closed, a new one opened, with a growing pause")
    func silence() {
        var bench = ClientBench.ready()
        bench.run(for: .milliseconds(2_900), silent: [ClientBench.broker])
        #expect(bench.open.count == 1)
        bench.run(for: .milliseconds(200), silent: [ClientBench.broker])
        #expect(bench.open.isEmpty)
        bench.run(for: .seconds(60), silent: [ClientBench.broker])
        #expect((4...16).contains(bench.openings))
        #expect(bench.hellos.allSatisfy { $0.isEmpty })
    }

    @Test("jobs of a dead broker go to another one as redelivered, and are looked up on the replica meanwhile")
    func redelivery() {
        var bench = ClientBench.ready(brokers: 2)
        let handle = bench.submit(within: .seconds(60))
        let holder = bench.sent[0].link
        let other = holder == ClientBench.broker ? ClientBench.other : ClientBench.broker
        bench.queue(handle, by: holder)
        bench.run(for: .seconds(4), silent: [holder])
        let again = bench.sent.filter { if case .request = $0.message { true } else { false } }
        #expect(again.count == 2)
        #expect(again.last?.link == other)
        #expect(bench.requests(of: handle).last?.redelivered == true)
        #expect(bench.watches[handle] == .receipt(bench.ids[handle]!))
        bench.show(handle)
        #expect(bench.ended[handle]?.isVisible == true, "whichever answers first")
        #expect(bench.committed[handle]?.token.lsn == LSN(rawValue: 700), "its token is the position asked afterwards")
    }

    @Test("a broker that comes back and still holds a job is not sent another copy; one that disowns it is")
    func comesBack() {
        var bench = ClientBench.ready()
        let (kept, gone) = (bench.submit(within: .seconds(60)), bench.submit(within: .seconds(60)))
        bench.queue(kept)
        bench.queue(gone)
        bench.run(for: .milliseconds(3_100), silent: [ClientBench.broker])
        while bench.open.isEmpty { bench.run(for: .milliseconds(50)) }
        #expect(Set(bench.hellos.last ?? []) == [bench.ids[kept]!, bench.ids[gone]!])
        bench.welcome(disowned: [bench.ids[gone]!])
        bench.run(for: .seconds(1))
        #expect(bench.requests(of: kept).count == 1)
        #expect(bench.requests(of: gone).count == 2)
    }

    @Test("an overdue acknowledgement asks the broker what it holds, once a second, and the replica")
    func overdue() {
        var bench = ClientBench.ready()
        let handles = (0..<5).map { _ in bench.submit(within: .seconds(60)) }
        bench.run(for: .milliseconds(1_100))
        #expect(bench.hellos.count == 1)
        #expect(bench.hellos.first?.count == 5)
        #expect(bench.watches.count == 5)
        bench.welcome(disowned: [bench.ids[handles[0]]!])
        bench.run(for: .seconds(3))
        #expect(bench.requests(of: handles[0]).count == 2)
        for handle in handles[1...] { #expect(bench.requests(of: handle).count == 1, "it holds them: no storm") }
    }

    @Test("a job that was sent after the question is not taken as disowned, or as held, by the answer")
    func raceOfHelloAndRequest() {
        var bench = ClientBench.ready()
        let first = bench.submit(within: .seconds(60))
        bench.run(for: .milliseconds(1_100))
        #expect(bench.hellos.count == 1)
        let second = bench.submit(within: .seconds(60))
        bench.welcome(disowned: [bench.ids[first]!, bench.ids[second]!])
        bench.run(for: .milliseconds(500))
        #expect(bench.requests(of: first).count == 2)
        #expect(bench.requests(of: second).count == 1)
        bench.run(for: .milliseconds(700))
        #expect(bench.hellos.count == 2, "its own acknowledgement is overdue now")
    }

    @Test("a job held in silence is asked after every now and then")
    func longSilence() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(60))
        bench.queue(handle)
        bench.run(for: .seconds(12))
        #expect((1...3).contains(bench.hellos.count))
        #expect(bench.requests(of: handle).count == 1)
        #expect(bench.watches[handle] != nil)
    }

    @Test("redeliveries keep to a tenth of the first sends and a small floor")
    func budget() {
        var bench = ClientBench.ready { $0.maximumOutstandingPerBroker = 10_000 }
        let handles = (0..<1_000).map { _ in bench.submit(within: .seconds(60)) }
        let ids = handles.compactMap { bench.ids[$0] }
        bench.sent = []
        bench.welcome(disowned: ids)
        bench.run(for: .milliseconds(200))
        #expect((100...160).contains(bench.requests().count), "\(bench.requests().count)")
        for handle in handles { bench.queue(handle) }
        bench.run(for: .seconds(12))
        #expect(bench.requests().count == 1_000, "the others follow, a hundred a second")
    }

    @Test("a broker that has forgotten us hears HELLO again on the same socket, and not in a circle")
    func unknownPeer() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.now = bench.now + .seconds(1)
        for _ in 0..<50 {
            bench.receive(.disconnect(Disconnect(reason: .unknownPeer)))
            bench.now = bench.now + .milliseconds(2)
            bench.send(.tick)
        }
        #expect((1...3).contains(bench.hellos.count))
        #expect(bench.hellos.first == [bench.ids[handle]!])
        #expect(bench.openings == 1)
        let later = bench.submit()
        #expect(bench.requests(of: later).isEmpty, "nothing is sent before its WELCOME")
        bench.welcome(disowned: [bench.ids[handle]!])
        bench.run(for: .milliseconds(200))
        #expect(bench.requests(of: handle).count == 2)
        #expect(bench.requests(of: later).count == 1)
    }

    @Test("a broker that refuses us altogether is tried again seldom, and the reason is kept for the error")
    func denied() {
        var bench = ClientBench()
        bench.send(.start)
        let handle = bench.submit(within: .seconds(3))
        bench.receive(.disconnect(Disconnect(reason: .unsupportedVersion, message: "I speak 2")))
        bench.run(for: .milliseconds(3_500))
        #expect(bench.openings == 1)
        #expect(bench.ended[handle]?.neverSentReason?.contains("I speak 2") == true)
    }

    @Test("a process that was frozen does not believe that everybody else died")
    func frozen() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(600))
        bench.now = bench.now + .seconds(60)
        bench.send(.tick)
        #expect(bench.open.count == 1)
        #expect(bench.requests(of: handle).count == 1)
        bench.run(for: .milliseconds(3_100), silent: [ClientBench.broker])
        #expect(bench.open.isEmpty, "but if it stays silent, it is dead")
    }

    @Test("what ZeroMQ does not take was not handed over: no copy is counted, and it goes again soon")
    func notTaken() {
        var bench = ClientBench.ready()
        let handle = bench.submit(within: .seconds(1))
        for _ in 0..<20 {
            guard let last = bench.sent.last else { break }
            bench.send(.notSent(last.message, via: last.link))
            bench.now = bench.now + .milliseconds(10)
            bench.send(.tick)
        }
        #expect(bench.requests(of: handle).allSatisfy { !$0.redelivered })
        #expect(bench.requests(of: handle).count > 10)
        bench.send(.notSent(bench.sent.last!.message, via: ClientBench.broker))
        bench.send(.cancel(handle))
        #expect(bench.ended[handle]?.neverSentReason != nil)
    }

    @Test("a HELLO that ZeroMQ does not take, since the connection is not up yet, is said again soon")
    func helloNotTaken() {
        var bench = ClientBench()
        bench.send(.start)
        for _ in 0..<10 {
            bench.send(.notSent(bench.sent.last!.message, via: ClientBench.broker))
            bench.now = bench.machine.nextDeadline ?? bench.now
            bench.send(.tick)
        }
        #expect(bench.hellos.count == 11)
        #expect(bench.now < .zero + .seconds(1))
    }

    @Test("messages that a client should not get, or about jobs that it does not know, are harmless")
    func nonsense() {
        var bench = ClientBench.ready()
        let id = makeJobID(1)
        let messages: [Message] = [
            .credit(5), .cancel(id), .positionRequest(PositionRequest(number: 1)),
            .hello(Hello(role: .client(outstanding: []), incarnation: [], region: "")),
            .queued(Queued(id: id, incarnation: [], duplicate: true)),
            .running(Running(id: id, attempts: 3)), .partial(Partial(id: id, sequence: 1, contentType: "", payload: [])),
            .reply(
                Reply(
                    id: id, outcome: .lost, token: CausalToken(epoch: ClientBench.first, lsn: .zero), fromReceipt: true, contentType: "",
                    payload: [])),
            .refused(Refused(id: id, code: .unknownJob, message: "", incarnation: [], neverDispatched: true)),
            .position(Position(number: 3, token: CausalToken(epoch: ClientBench.first, lsn: .zero))),
        ]
        for message in messages { bench.receive(message) }
        bench.receive(.heartbeat(Heartbeat()), from: ClientMachine.LinkID(index: 44))
        #expect(bench.notes.contains(.unexpected(ClientBench.broker)))
        #expect(bench.machine.isConnected)
    }
}
