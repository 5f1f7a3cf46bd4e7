import Testing
import WherryCore
import WherryWire

@testable import WherryBroker

@Suite struct AdmissionTests {
    @Test func `a job is acknowledged and waits while no worker is there`() {
        var stage = Stage()
        stage.client("c")
        let request = stage.request()
        let actions = stage.send(.request(request), from: "c")
        #expect(actions.to("c") == [.queued(Queued(id: request.job.id, incarnation: Stage.incarnation, duplicate: false))])
        #expect(stage.machine.load.queuedJobs == 1)
        stage.now = stage.now + .seconds(1)
        let given = stage.worker("w").requests(to: "w")
        #expect(given.map(\.job) == [request.job])
        #expect(given.map(\.remaining) == [.seconds(29)])
        #expect(stage.machine.load.queuedJobs == 0)
    }

    @Test func `the broker says whose job it is, not the client`() {
        var stage = Stage { $0.scope = "tenant" }
        stage.worker("w")
        stage.client("c")
        #expect(stage.send(.request(stage.request()), from: "c").requests(to: "w").map(\.job.scope) == ["tenant"])
    }

    @Test(arguments: [
        (name: "queuedJobs", jobs: 3, size: 10), (name: "queuedJobsPerClient", jobs: 2, size: 10),
        (name: "queuedBytes", jobs: 2, size: 9_000),
        (name: "queuedBytesPerClient", jobs: 1, size: 5_000), (name: "heldBytes", jobs: 2, size: 9_000),
    ])
    func `over a bound a job is refused with a time to come back`(limit: String, jobs: Int, size: Int) {
        var stage = Stage {
            if limit == "queuedJobs" { $0.limits.queuedJobs = 3 }
            if limit == "queuedJobsPerClient" { $0.limits.queuedJobsPerClient = 2 }
            if limit == "queuedBytes" { $0.limits.queuedBytes = 20_000 }
            if limit == "queuedBytesPerClient" { $0.limits.queuedBytesPerClient = 8_000 }
            if limit == "heldBytes" { $0.limits.heldBytes = 20_000 }
        }
        stage.client("c")
        for _ in 0..<jobs { #expect(stage.send(.request(stage.request(size: size)), from: "c").refusals(to: "c").isEmpty) }
        let refused = stage.send(.request(stage.request(size: size)), from: "c").refusals(to: "c")
        #expect(refused.map(\.code) == [.overloaded])
        #expect(refused.map(\.neverDispatched) == [true])
        #expect(
            refused.allSatisfy {
                $0.message.contains(limit) && (.milliseconds(250)...(.milliseconds(500))).contains($0.retryAfter ?? .zero)
            })
        #expect(stage.machine.load.queuedJobs == jobs)
    }

    @Test func `bytes are given back when jobs end`() {
        var stage = Stage()
        stage.worker("w", capacity: 100)
        stage.client("c")
        for _ in 0..<50 {
            let request = stage.request(size: 1_000)
            _ = stage.send(.request(request), from: "c")
            _ = stage.send(.reply(Stage.reply(request.job.id)), from: "w")
        }
        #expect(stage.machine.load.heldBytes == 0)
        #expect(stage.machine.jobs.isEmpty)
        #expect(stage.machine.deadlines.isEmpty)
        #expect(stage.machine.clients.values.allSatisfy { $0.jobs.isEmpty })
        #expect(stage.machine.workers.values.allSatisfy { $0.held.isEmpty })
    }

    @Test func `a name that no worker offers is refused with the nearest names`() throws {
        var stage = Stage()
        stage.client("c")
        stage.worker("w")
        let refused = try #require(stage.send(.request(stage.request("items.creat")), from: "c").refusals(to: "c").first)
        #expect(refused.code == .unknownJob)
        #expect(refused.neverDispatched)
        #expect(refused.message == "no worker here offers items.creat version 1; did you mean items.create?")
    }

    @Test func `a version that no worker offers is refused with those that exist`() throws {
        var stage = Stage()
        stage.client("c")
        stage.worker("w")
        var request = stage.request()
        request.job.version = 3
        let refused = try #require(stage.send(.request(request), from: "c").refusals(to: "c").first)
        #expect(refused.message.contains("but version 1"))
    }

    @Test func `a job whose time is over when it comes is refused`() {
        var stage = Stage()
        stage.client("c")
        let refused = stage.send(.request(stage.request(remaining: .zero)), from: "c").refusals(to: "c")
        #expect(refused.map(\.code) == [.expired])
        #expect(refused.map(\.neverDispatched) == [true])
    }

    @Test func `a job whose time passes while it waits is refused then`() {
        var stage = Stage()
        stage.client("c")
        let request = stage.request(remaining: .milliseconds(800))
        _ = stage.send(.request(request), from: "c")
        #expect(stage.machine.nextDeadline == .zero + .milliseconds(800))
        stage.now = .zero + .milliseconds(800)
        let refused = stage.machine.tick(now: stage.now).refusals(to: "c")
        #expect(refused.map(\.code) == [.expired])
        #expect(refused.map(\.neverDispatched) == [true])
        #expect(stage.worker("w").requests(to: "w").isEmpty)
    }

    @Test func `a copy of a job that is held is not run twice; both who sent it get the answer`() {
        var stage = Stage()
        stage.worker("w", capacity: 5)
        stage.client("a")
        stage.client("b")
        let request = stage.request()
        #expect(stage.send(.request(request), from: "a").requests(to: "w").count == 1)
        _ = stage.send(.running(Running(id: request.job.id, attempts: 0)), from: "w")
        var copy = request
        copy.redelivered = true
        let joined = stage.send(.request(copy), from: "b")
        #expect(joined.requests(to: "w").isEmpty)
        #expect(joined.acknowledgements(to: "b").map(\.duplicate) == [true])
        #expect(joined.to("b").contains(.running(Running(id: request.job.id, attempts: 0))))
        let replied = stage.send(.reply(Stage.reply(request.job.id)), from: "w")
        #expect(replied.replies(to: "a").count == 1)
        #expect(replied.replies(to: "b").count == 1)
    }

    @Test func `a waiting job that was met twice is no proof when it expires`() {
        var stage = Stage()
        stage.client("c")
        let request = stage.request(remaining: .milliseconds(800))
        _ = stage.send(.request(request), from: "c")
        _ = stage.send(.request(request), from: "c")
        stage.now = .zero + .milliseconds(900)
        #expect(stage.machine.tick(now: stage.now).refusals(to: "c").map(\.neverDispatched) == [false])
    }

    @Test func `a refusal of a redelivered copy proves nothing`() {
        var stage = Stage { $0.limits.queuedJobs = 0 }
        stage.client("c")
        var request = stage.request()
        request.redelivered = true
        #expect(stage.send(.request(request), from: "c").refusals(to: "c").map(\.neverDispatched) == [false])
    }

    @Test func `another job under an id that is held is told to try again, and learns nothing`() {
        var stage = Stage()
        stage.client("a")
        stage.client("b")
        let request = stage.request()
        _ = stage.send(.request(request), from: "a")
        var other = request
        other.job.digest = Array(repeating: 8, count: 32)
        let refused = stage.send(.request(other), from: "b").refusals(to: "b")
        #expect(refused.map(\.code) == [.unavailable])
        #expect(refused.map(\.neverDispatched) == [false])
        stage.worker("w")
        #expect(stage.send(.reply(Stage.reply(request.job.id)), from: "w").to("b").isEmpty)
    }

    @Test func `CANCEL drops what waits, and goes on to the worker that has what does not`() {
        var stage = Stage()
        stage.client("c")
        let (first, second) = (stage.request(), stage.request())
        _ = stage.send(.request(first), from: "c")
        let refused = stage.send(.cancel(first.job.id), from: "c").refusals(to: "c")
        #expect(refused.map(\.code) == [.cancelled])
        #expect(refused.map(\.neverDispatched) == [true])
        stage.worker("w")
        #expect(stage.send(.request(second), from: "c").requests(to: "w").count == 1)
        let passedOn = stage.send(.cancel(second.job.id), from: "c")
        #expect(passedOn.to("w") == [.cancel(second.job.id)])
        #expect(passedOn.to("c").isEmpty)
        #expect(stage.send(.cancel(first.job.id), from: "c").isEmpty)
        let stopped = Refused(id: second.job.id, code: .cancelled, message: "", incarnation: [], neverDispatched: true)
        let told = stage.send(.refused(stopped), from: "w").refusals(to: "c")
        #expect(told.map(\.code) == [.cancelled])
        #expect(told.map(\.neverDispatched) == [false], "it may have run: only a fence is final")
        #expect(stage.machine.load.dispatchedJobs == 0)
    }

    @Test func `CANCEL by one of two does not stop what a worker runs for both`() {
        var stage = Stage()
        stage.worker("w")
        stage.client("a")
        stage.client("b")
        let request = stage.request()
        _ = stage.send(.request(request), from: "a")
        _ = stage.client("b", outstanding: [request.job.id])
        #expect(stage.send(.cancel(request.job.id), from: "a").isEmpty)
    }

    @Test func `CANCEL by one leaves the job to others who wait for it`() {
        var stage = Stage()
        stage.client("a")
        stage.client("b")
        let request = stage.request()
        _ = stage.send(.request(request), from: "a")
        // b asks for it by its id only.
        #expect(stage.client("b", outstanding: [request.job.id]).welcomes(to: "b").map(\.disowned) == [[]])
        #expect(stage.send(.cancel(request.job.id), from: "a").refusals(to: "a").map(\.neverDispatched) == [false])
        #expect(stage.worker("w").requests(to: "w").count == 1)
        let replied = stage.send(.reply(Stage.reply(request.job.id)), from: "w")
        #expect(replied.replies(to: "b").count == 1)
        #expect(replied.to("a").isEmpty)
    }

    @Test func `nobody cancels what he does not wait for`() {
        var stage = Stage()
        stage.client("a")
        stage.client("b")
        let request = stage.request()
        _ = stage.send(.request(request), from: "a")
        #expect(stage.send(.cancel(request.job.id), from: "b").isEmpty)
        #expect(stage.machine.load.queuedJobs == 1)
    }

    @Test func `HELLO tells which outstanding jobs are not here`() {
        var stage = Stage()
        stage.worker("w")
        stage.client("c")
        let (held, unknown) = (stage.request(), stage.request())
        _ = stage.send(.request(held), from: "c")
        let welcome = stage.client("c", outstanding: [held.job.id, unknown.job.id]).welcomes(to: "c")
        #expect(welcome.map(\.disowned) == [[unknown.job.id]])
    }

    @Test func `a client that is gone loses what waited, not what runs`() {
        var stage = Stage()
        stage.worker("w", capacity: 1)
        stage.client("c")
        let (running, waiting) = (stage.request(), stage.request())
        _ = stage.send(.request(running), from: "c")
        _ = stage.send(.request(waiting), from: "c")
        _ = stage.send(.disconnect(Disconnect(reason: .leaving)), from: "c")
        #expect(stage.machine.load.queuedJobs == 0)
        #expect(stage.machine.load.dispatchedJobs == 1)
        // It comes back and asks.
        #expect(stage.client("c", outstanding: [running.job.id, waiting.job.id]).welcomes(to: "c").map(\.disowned) == [[waiting.job.id]])
        #expect(stage.send(.reply(Stage.reply(running.job.id)), from: "w").replies(to: "c").count == 1)
    }

    @Test func `more clients than allowed for one job forget the first`() {
        var stage = Stage { $0.limits.clientsPerJob = 2 }
        let request = stage.request()
        for name in ["a", "b", "c"] {
            stage.client(name)
            _ = stage.send(.request(request), from: name)
        }
        stage.worker("w")
        let actions = stage.send(.reply(Stage.reply(request.job.id)), from: "w")
        #expect(["a", "b", "c"].map { actions.replies(to: $0).count } == [0, 1, 1])
    }
}
