import Testing
import WherryCore
import WherryWire

@testable import WherryBroker

@Suite("What a broker tells of itself")
struct StatusTests {
    private static func ask(_ stage: inout Stage, number: UInt64 = 1, as client: String = "operator") throws -> BrokerStatus {
        let answers = stage.send(.statusRequest(StatusRequest(number: number)), from: client).to(client)
        #expect(answers.count == 1)
        guard case .status(let status)? = answers.first else { throw Missing() }
        return status
    }

    private struct Missing: Error {}

    @Test("An idle broker tells who it is and how long it has been up")
    func idle() throws {
        var stage = Stage()
        stage.now = .zero + .seconds(90)
        stage.client("operator")
        let status = try Self.ask(&stage, number: 41)
        #expect(status.number == 41)
        #expect(status.incarnation == Stage.incarnation)
        #expect(status.region == "syd")
        #expect(status.uptime == .seconds(90))
        #expect(status.clients == 1)
        #expect(status.workerCount == 0)
        #expect(status.queues.isEmpty)
        #expect(status.primary == nil)
    }

    @Test("Queues are counted by name, the longest first; workers are told with what they hold")
    func busy() throws {
        var stage = Stage()
        stage.client("operator")
        stage.client("app")
        stage.worker("worker", capacity: 1)
        let jobs = [stage.request("items.touch"), stage.request("items.create"), stage.request("items.create", size: 100)]
        for job in jobs { _ = stage.send(.request(job), from: "app") }
        stage.now = stage.now + .milliseconds(700)
        let status = try Self.ask(&stage)
        #expect(status.waiting == 2)
        #expect(status.dispatched == 1)
        #expect(status.queues.map(\.job.name) == ["items.create", "items.touch"])
        #expect(status.queues.map(\.waiting) == [2, 0])
        #expect(status.queues.map(\.dispatched) == [0, 1])
        #expect(status.queues.map(\.workers) == [1, 1])
        #expect(status.queues[0].waitingBytes == status.waitingBytes)
        let worker = try #require(status.workers.first)
        #expect(worker.region == "syd")
        #expect(worker.capacity == 1)
        #expect(worker.held == 1)
        #expect(worker.offers == 2)
        #expect(worker.isServing)
        #expect(worker.primary?.epoch == Stage.epoch)
        #expect(worker.silence == .milliseconds(700))
    }

    @Test("A worker of an older primary is told as one that is given nothing")
    func stale() throws {
        var stage = Stage()
        stage.client("operator")
        stage.worker("worker", primary: nil)
        #expect(try Self.ask(&stage).workers.map(\.isServing) == [false])
    }

    @Test("What was counted a moment ago is told again, and no longer than that")
    func cached() throws {
        var stage = Stage()
        stage.client("operator")
        stage.client("app")
        let before = try Self.ask(&stage, number: 1)
        _ = stage.send(.request(stage.request()), from: "app")
        stage.now = stage.now + .milliseconds(99)
        var again = try Self.ask(&stage, number: 2)
        #expect(again.number == 2)
        again.number = 1
        #expect(again == before)
        stage.now = stage.now + .milliseconds(1)
        #expect(try Self.ask(&stage).waiting == 1)
    }

    @Test("No more queues and workers are told than one message may carry, and that message fits its limit")
    func bounded() throws {
        var stage = Stage { $0.region = String(repeating: "r", count: 200) }
        stage.client("operator")
        let limits = WireLimits()
        for index in 0..<2 {
            let offers = (0..<limits.maximumOffers).map { number in
                let name = "\(index).\(number)."
                return Offer(name: name + String(repeating: "n", count: 200 - name.utf8.count), version: Int(Int32.max))
            }
            stage.worker("worker \(index)", offers: offers)
        }
        for index in 2..<600 { stage.worker("worker \(index)") }
        let status = try Self.ask(&stage)
        #expect(status.workerCount == 600)
        #expect(status.workers.count == limits.maximumStatusEntries)
        #expect(status.queues.count == limits.maximumStatusEntries)
        #expect(try Message.decode(Message.status(status).encode()) == .status(status))
    }

    @Test("A worker may not ask, nor somebody who did not say HELLO")
    func denied() {
        var stage = Stage()
        stage.worker("worker")
        #expect(stage.send(.statusRequest(StatusRequest(number: 1)), from: "worker").disconnects(to: "worker").map(\.reason) == [.denied])
        let stranger = stage.send(.statusRequest(StatusRequest(number: 1)), from: "stranger")
        #expect(stranger.disconnects(to: "stranger").map(\.reason) == [.unknownPeer])
    }
}
