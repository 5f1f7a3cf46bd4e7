import Testing
import WherryCore
import WherryWire

@testable import WherryBroker

@Suite("Region jobs in the broker's machine")
struct RegionJobTests {
    private static let offers = Stage.offers + [Offer(name: "cache.warm", version: 1, isRegionJob: true)]
    private static let older = PrimaryStatus(
        epoch: Epoch(systemIdentifier: 1, timeline: 0, restoreCounter: 0, random: 3), unixMilliseconds: 1_790_000_000_000)

    @Test("go to workers that see no primary, or an older one; write jobs never do", arguments: [true, false])
    func withoutPrimary(isOlder: Bool) {
        var stage = Stage()
        stage.client("app")
        stage.worker("primary", capacity: 0)
        stage.worker("standby", capacity: 10, offers: Self.offers, primary: isOlder ? Self.older : nil)
        let write = stage.request()
        let region = stage.request("cache.warm", isRegionJob: true)
        #expect(stage.send(.request(write), from: "app").dispatches.isEmpty)
        #expect(stage.send(.request(region), from: "app").dispatches.map(\.worker) == ["standby"])
        #expect(stage.send(.credit(1), from: "primary").dispatches.map(\.worker) == ["primary"])
    }

    @Test("wait for a worker, and are taken in the order of their coming when one grants credit")
    func waiting() {
        var stage = Stage()
        stage.client("app")
        stage.worker("standby", capacity: 0, offers: Self.offers, primary: nil)
        let requests = [
            stage.request("cache.warm", isRegionJob: true), stage.request(), stage.request("cache.warm", isRegionJob: true),
        ]
        for request in requests { _ = stage.send(.request(request), from: "app") }
        let dispatched = stage.send(.credit(5), from: "standby").dispatches.map(\.request.job.id)
        #expect(dispatched == [requests[0].job.id, requests[2].job.id])
    }

    @Test("go to workers that serve the primary as well")
    func besidePrimary() {
        var stage = Stage()
        stage.client("app")
        stage.worker("w", capacity: 2, offers: Self.offers)
        let actions = stage.send(.request(stage.request("cache.warm", isRegionJob: true)), from: "app")
        #expect(actions.dispatches.count == 1)
        #expect(stage.send(.request(stage.request()), from: "app").dispatches.count == 1)
    }

    @Test("never go to a worker of another region")
    func elsewhere() {
        var stage = Stage()
        stage.client("app")
        stage.worker("w", capacity: 2, offers: Self.offers, region: "fra")
        #expect(stage.send(.request(stage.request("cache.warm", isRegionJob: true)), from: "app").dispatches.isEmpty)
        #expect(stage.send(.request(stage.request()), from: "app").dispatches.count == 1)
    }

    @Test("are lost with their worker: nobody else gets them, and their client is told", arguments: [true, false])
    func workerGone(saysGoodbye: Bool) {
        var stage = Stage()
        stage.client("app")
        stage.worker("one", capacity: 1, offers: Self.offers)
        let request = stage.request("cache.warm", isRegionJob: true)
        _ = stage.send(.request(request), from: "app")
        stage.worker("two", capacity: 1, offers: Self.offers)
        let actions =
            saysGoodbye
            ? stage.send(.disconnect(Disconnect(reason: .leaving)), from: "one") : stage.pass(.seconds(4), alive: ["app", "two"])
        #expect(actions.dispatches.isEmpty)
        let refusal = actions.refusals(to: "app").first
        #expect(refusal?.code == .regionJobLost)
        #expect(refusal?.neverDispatched == false)
        #expect(stage.machine.load.dispatchedJobs == 0)
    }

    @Test("that their worker hands back were not run: another one gets them")
    func handedBack() {
        var stage = Stage()
        stage.client("app")
        stage.worker("one", capacity: 1, offers: Self.offers)
        let request = stage.request("cache.warm", isRegionJob: true)
        _ = stage.send(.request(request), from: "app")
        stage.worker("two", capacity: 1, offers: Self.offers)
        let drained = Refused(id: request.job.id, code: .drained, message: "", incarnation: [], neverDispatched: false)
        #expect(stage.send(.refused(drained), from: "one").dispatches.map(\.worker) == ["two"])
    }

    @Test("and write jobs of one name are told apart, with a hint in the refusal")
    func kinds() {
        var stage = Stage()
        stage.client("app")
        stage.worker("w", capacity: 2, offers: Self.offers)
        let wrong = stage.send(.request(stage.request("cache.warm")), from: "app").refusals(to: "app").first
        #expect(wrong?.code == .unknownJob)
        #expect(wrong?.message.contains("is a region job here") == true)
        let other = stage.send(.request(stage.request(isRegionJob: true)), from: "app").refusals(to: "app").first
        #expect(other?.message.contains("is a write job here") == true)
    }
}
