import Testing
import WherryCore
import WherryWire

@testable import WherryBroker

@Suite struct RedeliveryTests {
    @Test func `the jobs of a silent worker go to another one; only those that ran count an attempt`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("dies", capacity: 2)
        let (ran, waited) = (stage.request(), stage.request())
        _ = stage.send(.request(ran), from: "c")
        _ = stage.send(.request(waited), from: "c")
        _ = stage.send(.running(Running(id: ran.job.id, attempts: 0)), from: "dies")
        stage.worker("lives", capacity: 2)
        let given = stage.pass(.seconds(3), alive: ["c", "lives"])
        #expect(given.notes == [.workerLost(Stage.peer("dies"), .silent, redelivered: 2)])
        #expect(given.requests(to: "lives").map(\.job.id) == [ran.job.id, waited.job.id])
        #expect(given.requests(to: "lives").map(\.redelivered) == [true, true])
        #expect(given.requests(to: "lives").map(\.attempts) == [1, 0])
        #expect(given.requests(to: "lives").map(\.remaining) == [.seconds(27), .seconds(27)])
        #expect(given.to("dies").allSatisfy { $0.isHeartbeat })
    }

    @Test func `a worker that says goodbye was not killed by what it ran`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("leaves")
        let request = stage.request()
        _ = stage.send(.request(request), from: "c")
        _ = stage.send(.running(Running(id: request.job.id, attempts: 0)), from: "leaves")
        stage.worker("stays")
        let given = stage.send(.disconnect(Disconnect(reason: .leaving)), from: "leaves").requests(to: "stays")
        #expect(given.map(\.attempts) == [0])
        #expect(given.map(\.redelivered) == [true])
    }

    @Test func `a redelivered job goes before those that came later`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("dies")
        let requests = (0..<3).map { _ in stage.request() }
        for request in requests { _ = stage.send(.request(request), from: "c") }
        _ = stage.machine.peerUnreachable(Stage.peer("dies"), now: stage.now)
        #expect(stage.worker("next", capacity: 3).requests(to: "next").map(\.job.id) == requests.map(\.job.id))
    }

    @Test func `a job that nobody waits for any more is not redelivered`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("dies")
        stage.worker("lives", capacity: 0)
        _ = stage.send(.request(stage.request()), from: "c")
        _ = stage.send(.disconnect(Disconnect(reason: .leaving)), from: "c")
        _ = stage.machine.peerUnreachable(Stage.peer("dies"), now: stage.now)
        #expect(stage.machine.jobs.isEmpty)
        #expect(stage.machine.load.heldBytes == 0)
    }

    @Test func `a worker that was thought dead answers first: its twin's answer is nobody's`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("slow")
        let request = stage.request()
        _ = stage.send(.request(request), from: "c")
        stage.worker("quick")
        #expect(stage.machine.peerUnreachable(Stage.peer("slow"), now: stage.now).requests(to: "quick").count == 1)
        stage.worker("slow", running: [request.job.id])
        #expect(stage.send(.reply(Stage.reply(request.job.id)), from: "slow").replies(to: "c").count == 1)
        #expect(stage.machine.load.heldBytes == 0)
        // The twin still takes up its place until it answers too.
        let next = stage.request()
        #expect(stage.send(.request(next), from: "c").dispatches.map(\.worker) == ["slow"])
        #expect(stage.send(.reply(Stage.reply(request.job.id)), from: "quick").isEmpty)
        #expect(stage.machine.load.dispatchedJobs == 1)
    }

    @Test func `a worker on a new connection keeps what it still has and loses what did not arrive`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("w", capacity: 2)
        let (arrived, lost) = (stage.request(), stage.request())
        _ = stage.send(.request(arrived), from: "c")
        _ = stage.send(.request(lost), from: "c")
        let given = stage.worker("w", at: "w2", capacity: 2, running: [arrived.job.id]).requests(to: "w2")
        #expect(given.map(\.job.id) == [lost.job.id])
        #expect(given.map(\.redelivered) == [true])
        #expect(given.map(\.attempts) == [0])
        #expect(stage.machine.load.dispatchedJobs == 2)
    }

    @Test func `HELLO on the same connection takes nothing away: what is not listed may be on its way`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("w", capacity: 2)
        let request = stage.request()
        _ = stage.send(.request(request), from: "c")
        #expect(stage.worker("w", capacity: 2).requests(to: "w").isEmpty)
        #expect(stage.send(.reply(Stage.reply(request.job.id)), from: "w").replies(to: "c").count == 1)
    }

    @Test func `a broker that has just started binds what a worker runs, and does not disown it`() {
        var stage = Stage()
        let request = stage.request()
        stage.worker("w", capacity: 1, running: [request.job.id])
        #expect(stage.client("c", outstanding: [request.job.id]).welcomes(to: "c").map(\.disowned) == [[]])
        var copy = request
        copy.redelivered = true
        let joined = stage.send(.request(copy), from: "c")
        #expect(joined.acknowledgements(to: "c").map(\.duplicate) == [true])
        #expect(joined.dispatches.isEmpty)
        // With the copy in hand it can go to another worker.
        stage.worker("other")
        #expect(stage.machine.peerUnreachable(Stage.peer("w"), now: stage.now).requests(to: "other").map(\.job.id) == [request.job.id])
    }

    @Test func `a job that waits here but runs at a worker already is bound to that one`() {
        var stage = Stage()
        stage.client("c")
        let request = stage.request()
        _ = stage.send(.request(request), from: "c")
        #expect(stage.worker("w", capacity: 5, running: [request.job.id]).requests(to: "w").isEmpty)
        #expect(stage.machine.load.queuedJobs == 0)
        #expect(stage.send(.reply(Stage.reply(request.job.id)), from: "w").replies(to: "c").count == 1)
    }

    @Test func `a job that a worker hands back goes to another one, and to the first only when it grants credit again`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("drains")
        let request = stage.request()
        _ = stage.send(.request(request), from: "c")
        let refusal = Refused(id: request.job.id, code: .drained, message: "", incarnation: [], neverDispatched: false)
        let handedBack = stage.send(.refused(refusal), from: "drains")
        #expect(handedBack.refusals(to: "c").isEmpty)
        #expect(handedBack.dispatches.isEmpty)
        #expect(stage.worker("stays").requests(to: "stays").map(\.job.id) == [request.job.id])
        _ = stage.send(.request(stage.request()), from: "c")
        #expect(stage.send(.credit(1), from: "drains").requests(to: "drains").count == 1)
    }

    @Test func `a job that its worker never ends is forgotten some time after its deadline`() {
        var stage = Stage { $0.overdueGrace = .seconds(10) }
        stage.client("c")
        stage.worker("w", capacity: 1)
        _ = stage.send(.request(stage.request(remaining: .seconds(5))), from: "c")
        _ = stage.pass(.milliseconds(14_500), alive: ["c", "w"])
        #expect(stage.machine.load.dispatchedJobs == 1)
        _ = stage.pass(.milliseconds(500), alive: ["c", "w"])
        #expect(stage.machine.load.dispatchedJobs == 0)
        #expect(stage.send(.request(stage.request()), from: "c").dispatches.count == 1)
    }

    @Test func `a draining broker refuses new jobs, hands back those that wait, and lets workers finish`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("w", capacity: 1)
        let (running, waiting) = (stage.request(), stage.request())
        _ = stage.send(.request(running), from: "c")
        _ = stage.send(.request(waiting), from: "c")
        let drained = stage.machine.drain(now: stage.now).refusals(to: "c")
        #expect(drained.map(\.id) == [waiting.job.id])
        #expect(drained.map(\.code) == [.drained])
        #expect(drained.map(\.neverDispatched) == [true])
        #expect(stage.send(.request(stage.request()), from: "c").refusals(to: "c").map(\.code) == [.drained])
        #expect(!stage.machine.isDrained)
        #expect(stage.send(.reply(Stage.reply(running.job.id)), from: "w").replies(to: "c").count == 1)
        #expect(stage.machine.isDrained)
        let goodbye = stage.machine.leave(now: stage.now)
        #expect(goodbye.disconnects(to: "c").map(\.reason) == [.leaving])
        #expect(goodbye.disconnects(to: "w").map(\.reason) == [.leaving])
        #expect(stage.machine.nextDeadline == nil)
        #expect(stage.machine.isDrained)
    }

    @Test func `the job of a worker that dies during a drain goes back to its client`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("w")
        _ = stage.send(.request(stage.request()), from: "c")
        _ = stage.machine.drain(now: stage.now)
        let refused = stage.machine.peerUnreachable(Stage.peer("w"), now: stage.now).refusals(to: "c")
        #expect(refused.map(\.code) == [.drained])
        #expect(refused.map(\.neverDispatched) == [false])
        #expect(stage.machine.isDrained)
    }
}

extension Message {
    var isHeartbeat: Bool {
        if case .heartbeat = self { true } else { false }
    }
}
