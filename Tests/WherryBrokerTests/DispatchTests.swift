import Testing
import WherryCore
import WherryWire

@testable import WherryBroker

@Suite struct DispatchTests {
    @Test func `a worker gets no more than it has credit for`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("w", capacity: 2)
        let requests = (0..<5).map { _ in stage.request() }
        let given = requests.flatMap { stage.send(.request($0), from: "c").requests(to: "w") }
        #expect(given.map(\.job.id) == requests.prefix(2).map(\.job.id))
        #expect(stage.send(.reply(Stage.reply(requests[1].job.id)), from: "w").requests(to: "w").map(\.job.id) == [requests[2].job.id])
        // CREDIT is absolute: 4 in all, of which 2 are taken.
        #expect(stage.send(.credit(4), from: "w").requests(to: "w").map(\.job.id) == requests[3...].map(\.job.id))
        // With less credit than it holds it gets nothing until it holds less.
        #expect(stage.send(.credit(1), from: "w").isEmpty)
        let more = stage.request()
        _ = stage.send(.request(more), from: "c")
        #expect(stage.send(.reply(Stage.reply(requests[0].job.id)), from: "w").requests(to: "w").isEmpty)
    }

    @Test func `no worker may have more than the limit, whatever credit it grants`() {
        var stage = Stage { $0.limits.jobsPerWorker = 3 }
        stage.client("c")
        stage.worker("w", capacity: 100_000)
        let given = (0..<5).flatMap { _ in stage.send(.request(stage.request()), from: "c").requests(to: "w") }
        #expect(given.count == 3)
    }

    @Test func `the least loaded worker is next, by its share of capacity`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("small", capacity: 2)
        stage.worker("large", capacity: 4)
        let given = (0..<6).flatMap { _ in stage.send(.request(stage.request()), from: "c").dispatches.map(\.worker) }
        #expect(given == ["small", "large", "large", "small", "large", "large"])
    }

    @Test func `equally loaded workers take turns`() {
        var stage = Stage()
        stage.client("c")
        for name in ["a", "b", "c1"] { stage.worker(name, capacity: 1) }
        var given: [String] = []
        for _ in 0..<6 {
            let request = stage.request()
            let worker = stage.send(.request(request), from: "c").dispatches.map(\.worker)
            given += worker
            _ = stage.send(.reply(Stage.reply(request.job.id)), from: worker[0])
        }
        #expect(given == ["a", "b", "c1", "a", "b", "c1"])
    }

    @Test func `a job goes only to workers that offer its name and version`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("creates", capacity: 1, offers: [Stage.offers[0]])
        stage.worker("touches", capacity: 9, offers: [Stage.offers[1]])
        #expect(stage.send(.request(stage.request("items.create")), from: "c").dispatches.map(\.worker) == ["creates"])
        #expect(stage.send(.request(stage.request("items.create")), from: "c").dispatches.isEmpty)
        #expect(stage.send(.request(stage.request("items.touch")), from: "c").dispatches.map(\.worker) == ["touches"])
    }

    @Test func `a client with one job waits for one job of each other client, however many those have`() {
        var stage = Stage()
        for name in ["greedy", "modest", "late"] { stage.client(name) }
        var owners: [JobID: String] = [:]
        func submit(_ count: Int, from name: String) {
            for _ in 0..<count {
                let request = stage.request()
                owners[request.job.id] = name
                _ = stage.send(.request(request), from: name)
            }
        }
        submit(1_000, from: "greedy")
        submit(3, from: "modest")
        var served: [String] = []
        func serve(_ given: [Request]) -> [Request] {
            served += given.compactMap { owners[$0.job.id] }
            return given
        }
        var current = serve(stage.worker("w", capacity: 1).requests(to: "w"))
        for step in 0..<500 {
            if step == 100 { submit(2, from: "late") }
            guard let id = current.first?.job.id else { break }
            current = serve(stage.send(.reply(Stage.reply(id)), from: "w").requests(to: "w"))
        }
        #expect(served.prefix(7) == ["greedy", "modest", "greedy", "modest", "greedy", "modest", "greedy"])
        let late = served.indices.filter { served[$0] == "late" }
        #expect(late.count == 2)
        #expect(late.allSatisfy { $0 < 106 })
    }

    @Test func `four clients with endless jobs get equal shares of four workers`() {
        var stage = Stage { $0.limits.queuedJobsPerClient = 10_000 }
        let names = ["a", "b", "c", "d"]
        for name in names { stage.client(name) }
        // One after another, so that order of arrival alone would serve a first, then b, …
        var owners: [JobID: String] = [:]
        for (name, count) in zip(names, [2_000, 1_000, 500, 250]) {
            for _ in 0..<count {
                let request = stage.request()
                owners[request.job.id] = name
                _ = stage.send(.request(request), from: name)
            }
        }
        var shares: [String: Int] = [:]
        var held: [(worker: String, request: Request)] = []
        for number in 0..<4 { held += stage.worker("w\(number)", capacity: 1).dispatches }
        for _ in 0..<800 {
            let next = held.removeFirst()
            shares[owners[next.request.job.id, default: "?"], default: 0] += 1
            held += stage.send(.reply(Stage.reply(next.request.job.id)), from: next.worker).dispatches
        }
        #expect(names.map { shares[$0] } == [200, 200, 200, 200])
    }

    @Test func `what a worker says of a job goes to its client, with the time that it waited`() throws {
        var stage = Stage()
        stage.client("c")
        let request = stage.request()
        _ = stage.send(.request(request), from: "c")
        stage.now = stage.now + .milliseconds(40)
        stage.worker("w")
        let running = Message.running(Running(id: request.job.id, attempts: 0))
        #expect(stage.send(running, from: "w").to("c") == [running])
        let partial = Message.partial(Partial(id: request.job.id, sequence: 0, contentType: "text/plain", payload: [9]))
        #expect(stage.send(partial, from: "w").to("c") == [partial])
        stage.now = stage.now + .milliseconds(500)
        var expected = Stage.reply(request.job.id)
        expected.timings[.brokerQueue] = .milliseconds(40)
        #expect(stage.send(.reply(Stage.reply(request.job.id)), from: "w").replies(to: "c") == [expected])
        // A second one is nobody's.
        #expect(stage.send(.reply(Stage.reply(request.job.id)), from: "w").isEmpty)
    }

    @Test func `a worker's refusal goes to the client under the broker's name and proves nothing`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("w")
        let (first, second) = (stage.request(), stage.request())
        _ = stage.send(.request(first), from: "c")
        _ = stage.send(.request(second), from: "c")
        let refusal = Refused(id: first.job.id, code: .wrongEpoch, message: "", incarnation: [], neverDispatched: true, epoch: Stage.epoch)
        let actions = stage.send(.refused(refusal), from: "w")
        #expect(actions.refusals(to: "c").map(\.incarnation) == [Stage.incarnation])
        #expect(actions.refusals(to: "c").map(\.neverDispatched) == [false])
        #expect(actions.refusals(to: "c").map(\.epoch) == [Stage.epoch])
        #expect(actions.requests(to: "w").map(\.job.id) == [second.job.id])
    }

    @Test func `a worker of an older epoch gets no jobs, and is noted once`() {
        var stage = Stage()
        stage.client("c")
        var promoted = Stage.primary
        promoted.epoch.timeline = 2
        stage.worker("old", capacity: 5)
        stage.worker("new", capacity: 1, primary: promoted)
        let stale = stage.send(.heartbeat(Heartbeat(primary: Stage.primary)), from: "old")
        #expect(stale.notes == [.staleWorker(Stage.peer("old"), reported: Stage.epoch, newest: promoted.epoch)])
        #expect(stage.send(.heartbeat(Heartbeat(primary: Stage.primary)), from: "old").notes.isEmpty)
        #expect((0..<3).flatMap { _ in stage.send(.request(stage.request()), from: "c").dispatches.map(\.worker) } == ["new"])
        // Once it follows the promotion it serves again.
        #expect(stage.send(.heartbeat(Heartbeat(primary: promoted)), from: "old").requests(to: "old").count == 2)
    }

    @Test func `a worker that sees no primary gets no jobs until it does`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("w", primary: nil)
        #expect(stage.send(.request(stage.request()), from: "c").dispatches.isEmpty)
        #expect(stage.send(.heartbeat(Heartbeat(primary: Stage.primary)), from: "w").dispatches.count == 1)
    }

    @Test func `of two histories that exclude each other the first stands as long as a worker sees it`() {
        var stage = Stage()
        stage.client("c")
        var fork = Stage.primary
        fork.epoch.random = 43
        stage.worker("first")
        let strange = stage.worker("second", primary: fork)
        #expect(strange.notes.contains(.strangeWorker(Stage.peer("second"), reported: fork.epoch, newest: Stage.epoch)))
        #expect(stage.send(.request(stage.request()), from: "c").dispatches.map(\.worker) == ["first"])
        _ = stage.machine.peerUnreachable(Stage.peer("first"), now: stage.now)
        #expect(stage.send(.heartbeat(Heartbeat(primary: fork)), from: "second").dispatches.map(\.worker) == ["second"])
        #expect(stage.machine.primaryNow?.epoch == fork.epoch)
    }

    @Test func `workers whose history is taken over get what waits, not only the one that reports it`() {
        var stage = Stage()
        stage.client("c")
        var other = Stage.primary
        other.epoch.systemIdentifier = 2
        stage.worker("first", capacity: 0)
        stage.worker("second", primary: other)
        stage.worker("third", primary: other)
        _ = stage.send(.request(stage.request()), from: "c")
        _ = stage.send(.request(stage.request()), from: "c")
        _ = stage.machine.peerUnreachable(Stage.peer("first"), now: stage.now)
        #expect(stage.send(.heartbeat(Heartbeat(primary: other)), from: "second").dispatches.map(\.worker).sorted() == ["second", "third"])
    }

    @Test func `a client's word about the primary does not count`() {
        var stage = Stage()
        stage.client("c")
        _ = stage.send(.heartbeat(Heartbeat(primary: Stage.primary)), from: "c")
        #expect(stage.machine.primaryNow == nil)
    }
}
