import Testing
import WherryCore
import WherryWire

@testable import WherryBroker

@Suite struct PeerTests {
    @Test func `HELLO is answered with who the broker is and what it knows`() throws {
        var stage = Stage()
        stage.worker("w", capacity: 2)
        stage.now = stage.now + .milliseconds(700)
        let welcome = try #require(stage.client("c").welcomes(to: "c").first)
        #expect(welcome.incarnation == Stage.incarnation)
        #expect(welcome.region == "syd")
        #expect(welcome.offers == Stage.offers)
        #expect(welcome.primary?.epoch == Stage.epoch)
        #expect(welcome.primary?.unixMilliseconds == Stage.primary.unixMilliseconds + 700)
        #expect(welcome.heartbeatInterval == .seconds(1))
        #expect(welcome.maximumPayloadSize == 8 * 1024 * 1024)
    }

    @Test func `a clock at the end of what ids can say does not run beyond it`() {
        var stage = Stage()
        let end: Int64 = (1 << 48) - 1
        stage.worker("w", primary: PrimaryStatus(epoch: Stage.epoch, unixMilliseconds: end))
        stage.now = stage.now + .milliseconds(700)
        #expect(stage.client("c").welcomes(to: "c").map { $0.primary?.unixMilliseconds } == [end])
    }

    @Test func `a stranger is told to say HELLO, once in a while, whatever it sends`() {
        var stage = Stage()
        #expect(stage.send(.credit(5), from: "x").disconnects(to: "x").map(\.reason) == [.unknownPeer])
        #expect(stage.send(.credit(5), from: "x").isEmpty)
        stage.now = stage.now + .seconds(1)
        #expect(stage.send(.heartbeat(Heartbeat()), from: "x").disconnects(to: "x").map(\.reason) == [.unknownPeer])
        #expect(stage.send(.disconnect(Disconnect(reason: .unknownPeer)), from: "y").isEmpty)
    }

    @Test func `strangers take no memory without end`() {
        var stage = Stage()
        for number in 0..<5_000 { _ = stage.send(.credit(1), from: "x\(number)") }
        #expect(stage.machine.load.strangers == 1_000)
    }

    @Test func `more peers than allowed are turned away`() {
        var stage = Stage { $0.limits.peers = 2 }
        stage.client("a")
        stage.client("b")
        #expect(stage.client("c").disconnects(to: "c").map(\.reason) == [.denied])
        #expect(stage.client("a").welcomes(to: "a").count == 1)
    }

    @Test func `who hears nothing for an interval gets a heartbeat with the primary's clock`() {
        var stage = Stage()
        stage.worker("w")
        stage.client("c")
        let actions = stage.pass(.seconds(2), alive: ["w", "c"])
        let beats = actions.to("c").compactMap { if case .heartbeat(let beat) = $0 { beat } else { nil } }
        #expect(beats.map { $0.primary?.unixMilliseconds } == [1_000, 2_000].map { Stage.primary.unixMilliseconds + $0 })
    }

    @Test func `a peer that is silent for three intervals is forgotten; one that says anything is not`() {
        var stage = Stage()
        stage.client("quiet")
        stage.client("loud")
        #expect(stage.pass(.milliseconds(2_500), alive: ["loud"]).notes.isEmpty)
        #expect(stage.pass(.milliseconds(500), alive: ["loud"]).notes == [.clientLost(Stage.peer("quiet"), .silent)])
        #expect(stage.machine.load.clients == 1)
        #expect(stage.pass(.seconds(2), alive: ["loud"]).to("quiet").isEmpty)
    }

    @Test func `a broker that was frozen starts all liveness anew`() {
        var stage = Stage()
        stage.client("c")
        stage.now = stage.now + .seconds(60)
        let actions = stage.machine.tick(now: stage.now)
        #expect(actions.notes == [.thawed(after: .seconds(60))])
        #expect(stage.machine.load.clients == 1)
        #expect(stage.pass(.milliseconds(2_500)).notes.isEmpty)
        #expect(stage.pass(.milliseconds(500)).notes == [.clientLost(Stage.peer("c"), .silent)])
    }

    @Test func `a peer that comes back on a new connection keeps what it had`() throws {
        var stage = Stage()
        stage.worker("w")
        stage.client("c")
        let request = stage.request()
        _ = stage.send(.request(request), from: "c")
        let welcome = try #require(stage.client("c", at: "c2", outstanding: [request.job.id]).welcomes(to: "c2").first)
        #expect(welcome.disowned.isEmpty)
        let actions = stage.send(.reply(Stage.reply(request.job.id)), from: "w")
        #expect(actions.replies(to: "c2").count == 1)
        #expect(actions.to("c").isEmpty)
        #expect(stage.send(.heartbeat(Heartbeat()), from: "c").disconnects(to: "c").map(\.reason) == [.unknownPeer])
    }

    @Test func `another process on the same connection replaces the one before`() {
        var stage = Stage()
        stage.worker("old", at: "route")
        stage.client("c")
        let request = stage.request()
        #expect(stage.send(.request(request), from: "c").requests(to: "route").count == 1)
        let actions = stage.worker("new", at: "route")
        #expect(actions.notes.contains(.workerLost(Stage.peer("route"), .replaced, redelivered: 1)))
        #expect(actions.requests(to: "route").map(\.redelivered) == [true])
    }

    @Test func `what a role may not say is denied, and noted once`() {
        var stage = Stage()
        stage.worker("w")
        stage.client("c")
        let first = stage.send(.credit(1), from: "c")
        #expect(first.disconnects(to: "c").map(\.reason) == [.denied])
        #expect(first.notes.count == 1)
        let second = stage.send(.reply(Stage.reply(stage.request().job.id)), from: "c")
        #expect(second.disconnects(to: "c").map(\.reason) == [.denied])
        #expect(second.notes.isEmpty)
        let request = stage.request()
        #expect(stage.send(.request(request), from: "w").disconnects(to: "w").map(\.reason) == [.denied])
        // It is still there.
        #expect(stage.send(.request(request), from: "c").acknowledgements(to: "c").count == 1)
    }

    @Test func `a request that makes no sense is refused by its id, anything else gets a reason`() {
        var stage = Stage()
        stage.client("c")
        let request = stage.request()
        let named = WireError(.payloadTooLarge, "too large", jobID: request.job.id, subject: .request)
        let refused = stage.machine.reject(named, from: Stage.peer("c"), now: stage.now).refusals(to: "c")
        #expect(refused.map(\.code) == [.tooLarge])
        #expect(refused.map(\.neverDispatched) == [true])
        let version = WireError(.unsupportedVersion, "version 9")
        #expect(
            stage.machine.reject(version, from: Stage.peer("c"), now: stage.now).disconnects(to: "c").map(\.reason) == [.unsupportedVersion]
        )
        #expect(
            stage.machine.reject(version, from: Stage.peer("x"), now: stage.now).disconnects(to: "x").map(\.reason) == [.unsupportedVersion]
        )
        // A job that is under way is not proven undispatched by a damaged copy of it.
        _ = stage.send(.request(request), from: "c")
        #expect(stage.machine.reject(named, from: Stage.peer("c"), now: stage.now).refusals(to: "c").map(\.neverDispatched) == [false])
    }

    @Test func `clients are told when offers or the primary's history change, and only then`() {
        var stage = Stage()
        stage.client("c")
        #expect(stage.worker("w1").welcomes(to: "c").map(\.offers) == [Stage.offers])
        #expect(stage.worker("w2").welcomes(to: "c").isEmpty)
        #expect(stage.send(.heartbeat(Heartbeat(primary: Stage.primary)), from: "w1").to("c").isEmpty)
        var promoted = Stage.primary
        promoted.epoch.timeline = 2
        #expect(
            stage.send(.heartbeat(Heartbeat(primary: promoted)), from: "w1").welcomes(to: "c").map { $0.primary?.epoch.timeline } == [2]
        )
        #expect(stage.machine.peerUnreachable(Stage.peer("w2"), now: stage.now).welcomes(to: "c").isEmpty)
        #expect(stage.machine.peerUnreachable(Stage.peer("w1"), now: stage.now).welcomes(to: "c").map(\.offers) == [[]])
    }
}
