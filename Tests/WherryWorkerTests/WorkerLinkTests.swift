import Testing
import WherryCore
import WherryWire

@testable import WherryWorker

@Suite("A worker's links to its brokers")
struct WorkerLinkTests {
    @Test("say HELLO to every broker at the start, with no capacity before the primary is known")
    func helloAtStart() {
        var bench = WorkerBench(brokers: 2)
        bench.tell(.started)
        #expect(
            bench.actions.contains(.connect(0, endpoint: "ipc://broker-0"))
                && bench.actions.contains(.connect(1, endpoint: "ipc://broker-1")))
        #expect(bench.hellos(to: 0).map(\.capacity) == [0])
        #expect(bench.hellos(to: 1).map(\.capacity) == [0])
    }

    @Test("close a socket that stays silent for three intervals and come back with a doubling delay")
    func silence() throws {
        var bench = WorkerBench.serving()
        bench.pass(.milliseconds(3100), brokersAlive: false)
        #expect(bench.actions.contains(.disconnect(0)))
        #expect(bench.notes.contains(.brokerSilent(link: 0)))
        #expect(bench.actions.contains(.connect(0, endpoint: "ipc://broker-0")) == false)
        bench.pass(.milliseconds(250), brokersAlive: false)
        #expect(bench.actions.contains(.connect(0, endpoint: "ipc://broker-0")))
        #expect(bench.hellos().count == 1)

        bench.pass(.milliseconds(3000), brokersAlive: false)
        guard case .waiting(let until?) = bench.machine.links[0].state else {
            Issue.record("the link is not waiting")
            return
        }
        #expect(until - bench.now <= .milliseconds(500))
        #expect(bench.machine.links[0].reconnectDelay == .milliseconds(500))
        #expect(!bench.notes.contains(.brokerSilent(link: 0)))
    }

    @Test("start all liveness anew after the process was frozen")
    func frozen() {
        var bench = WorkerBench.serving()
        bench.now = bench.now + .seconds(60)
        bench.tell(.timePassed)
        #expect(!bench.actions.contains(.disconnect(0)))
        bench.pass(.milliseconds(3100), brokersAlive: false)
        #expect(bench.actions.contains(.disconnect(0)))
    }

    @Test("count any traffic as life, and send heartbeats with the credit while they are quiet themselves")
    func heartbeats() {
        var bench = WorkerBench.serving()
        bench.pass(.seconds(5))
        #expect(!bench.actions.contains(.disconnect(0)))
        let beats = bench.sent().count { if case .heartbeat = $0 { true } else { false } }
        #expect(beats == 5)
        #expect(bench.credits() == [4, 4, 4, 4, 4])
    }

    @Test("say HELLO again on the same socket to a broker that forgot them, once")
    func unknownPeer() {
        var bench = WorkerBench.serving()
        let unknown = Message.disconnect(Disconnect(reason: .unknownPeer))
        bench.hear(unknown)
        #expect(bench.hellos().count == 1)
        #expect(!bench.actions.contains(.disconnect(0)))
        bench.hear(unknown)
        #expect(bench.hellos().isEmpty)
    }

    @Test("list the jobs that run here, and send their answers to a broker that was told of them")
    func runningInHello() {
        var bench = WorkerBench.serving(brokers: 2)
        let request = bench.request()
        bench.hear(.request(request), from: 0)
        bench.hear(.disconnect(Disconnect(reason: .leaving)), from: 0)
        bench.hear(.disconnect(Disconnect(reason: .unknownPeer)), from: 1)
        #expect(bench.hellos(to: 1).map(\.running) == [[request.job.id]])
        bench.tell(.finished(request.job.id, .reply(WorkerBench.reply(to: request))))
        #expect(bench.replies(to: 0).isEmpty)
        #expect(bench.replies(to: 1) == [.committed])
    }

    @Test("leave a broker that refuses them alone for the longest delay, and say why once")
    func refused() {
        var bench = WorkerBench.serving()
        let disconnect = Disconnect(reason: .unsupportedVersion, message: "1")
        bench.hear(.disconnect(disconnect))
        #expect(bench.notes == [.brokerRefuses(link: 0, disconnect)])
        guard case .waiting(let until?) = bench.machine.links[0].state else {
            Issue.record("the link is not waiting")
            return
        }
        #expect(until - bench.now >= .seconds(4))
    }

    @Test("survive messages that no broker should send")
    func nonsense() {
        var bench = WorkerBench.serving()
        let id = bench.request().job.id
        let hello = Hello(role: .client(outstanding: [id]), incarnation: [], region: "")
        for message: Message in [.hello(hello), .credit(-3), .cancel(id), .running(Running(id: id, attempts: -1))] {
            bench.hear(message)
            #expect(bench.actions.isEmpty)
        }
        bench.hear(.heartbeat(Heartbeat()), from: 17)
        #expect(bench.actions.isEmpty)
    }
}
