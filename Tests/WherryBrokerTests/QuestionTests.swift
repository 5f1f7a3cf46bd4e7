import Testing
import WherryCore
import WherryWire

@testable import WherryBroker

@Suite struct QuestionTests {
    static func fence(_ request: Request, _ kind: Outcome = .expired) -> Message {
        .fence(Fence(job: request.job, kind: kind, epoch: Stage.epoch))
    }

    @Test func `a fence goes to a worker without credit, whatever it offers, and its answer to who asked`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("w", capacity: 0, offers: [])
        let request = stage.request()
        #expect(stage.send(Self.fence(request), from: "c").fences(to: "w").map(\.job) == [request.job])
        var outcome = Stage.reply(request.job.id)
        outcome.outcome = .expired
        #expect(stage.send(.outcome(outcome), from: "w").to("c") == [.outcome(outcome)])
        #expect(stage.machine.questions.isEmpty)
    }

    @Test func `a fence goes only to a worker of the newest primary, and waits for one`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("blind", primary: nil)
        let request = stage.request()
        #expect(stage.send(Self.fence(request), from: "c").fences(to: "blind").isEmpty)
        #expect(stage.worker("sees").fences(to: "sees").count == 1)
    }

    @Test func `fences go before requests`() throws {
        var stage = Stage()
        stage.client("c")
        let (job, fenced) = (stage.request(), stage.request())
        _ = stage.send(.request(job), from: "c")
        _ = stage.send(Self.fence(fenced), from: "c")
        let given = stage.worker("w").to("w")
        let fence = try #require(given.firstIndex { if case .fence = $0 { true } else { false } })
        let request = try #require(given.firstIndex { if case .request = $0 { true } else { false } })
        #expect(fence < request)
    }

    @Test func `a fence takes the copy that waits away; others who wait for it get the outcome`() {
        var stage = Stage()
        stage.client("a")
        stage.client("b")
        let (alone, shared) = (stage.request(), stage.request())
        _ = stage.send(.request(alone), from: "a")
        _ = stage.send(.request(shared), from: "a")
        _ = stage.send(.request(shared), from: "b")
        _ = stage.send(Self.fence(alone), from: "a")
        _ = stage.send(Self.fence(shared), from: "a")
        #expect(stage.machine.load.queuedJobs == 1)
        stage.worker("w", capacity: 0)
        let actions = stage.send(.outcome(Stage.reply(shared.job.id)), from: "w")
        #expect(actions.to("a").count == 1)
        #expect(actions.to("b") == [.outcome(Stage.reply(shared.job.id))])
        #expect(stage.machine.load.queuedJobs == 0)
    }

    @Test func `a refused fence is answered apart from its job`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("w")
        let request = stage.request()
        _ = stage.send(.request(request), from: "c")
        _ = stage.send(Self.fence(request), from: "c")
        let refusal = Refused(
            id: request.job.id, subject: .fence, code: .wrongEpoch, message: "", incarnation: [], neverDispatched: true, epoch: Stage.epoch
        )
        let refused = stage.send(.refused(refusal), from: "w").refusals(to: "c")
        #expect(refused.map(\.subject) == [.fence])
        #expect(refused.map(\.neverDispatched) == [false])
        #expect(stage.machine.load.dispatchedJobs == 1)
        #expect(stage.send(.reply(Stage.reply(request.job.id)), from: "w").replies(to: "c").count == 1)
    }

    @Test func `the fences of a worker that is gone, or hands them back, go to another`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("one", capacity: 0)
        let (first, second) = (stage.request(), stage.request())
        #expect(stage.send(Self.fence(first), from: "c").fences(to: "one").count == 1)
        stage.worker("two", capacity: 0)
        #expect(stage.machine.peerUnreachable(Stage.peer("one"), now: stage.now).fences(to: "two").count == 1)
        #expect(stage.send(Self.fence(second), from: "c").fences(to: "two").count == 1)
        stage.worker("three", capacity: 0)
        let refusal = Refused(id: second.job.id, subject: .fence, code: .drained, message: "", incarnation: [], neverDispatched: false)
        let handedBack = stage.send(.refused(refusal), from: "two")
        #expect(handedBack.fences(to: "three").map(\.job.id) == [second.job.id])
        #expect(handedBack.to("c").isEmpty)
    }

    @Test func `a fence that is asked for again is sent again only after a while, then to another worker`() {
        var stage = Stage()
        stage.client("c")
        stage.worker("one", capacity: 0)
        stage.worker("two", capacity: 0)
        let request = stage.request()
        #expect(stage.send(Self.fence(request), from: "c").fences(to: "one").count == 1)
        #expect(stage.send(Self.fence(request), from: "c").isEmpty)
        stage.now = stage.now + .seconds(1)
        #expect(stage.send(Self.fence(request), from: "c").fences(to: "two").count == 1)
        // Either may answer; once is enough.
        #expect(stage.send(.outcome(Stage.reply(request.job.id)), from: "one").to("c").count == 1)
        #expect(stage.send(.outcome(Stage.reply(request.job.id)), from: "two").isEmpty)
    }

    @Test func `a fence is forgotten with its asker`() {
        var stage = Stage()
        stage.client("c")
        _ = stage.send(Self.fence(stage.request()), from: "c")
        _ = stage.send(.disconnect(Disconnect(reason: .leaving)), from: "c")
        #expect(stage.machine.questions.isEmpty)
        #expect(stage.worker("w").fences(to: "w").isEmpty)
    }

    @Test func `a worker has only so many questions at a time`() {
        var stage = Stage { $0.limits.questionsPerWorker = 2 }
        stage.client("c")
        stage.worker("w", capacity: 0)
        let requests = (0..<3).map { _ in stage.request() }
        #expect(requests.flatMap { stage.send(Self.fence($0), from: "c").fences(to: "w") }.count == 2)
        #expect(stage.send(.outcome(Stage.reply(requests[0].job.id)), from: "w").fences(to: "w").map(\.job.id) == [requests[2].job.id])
    }

    @Test(arguments: ["questions", "questionsPerClient"])
    func `more fences than may wait are refused`(limit: String) {
        var stage = Stage {
            if limit == "questions" { $0.limits.questions = 2 }
            if limit == "questionsPerClient" { $0.limits.questionsPerClient = 2 }
        }
        stage.client("c")
        for _ in 0..<2 { #expect(stage.send(Self.fence(stage.request()), from: "c").isEmpty) }
        let refused = stage.send(Self.fence(stage.request()), from: "c").refusals(to: "c")
        #expect(refused.map(\.code) == [.overloaded])
        #expect(refused.map(\.subject) == [.fence])
        #expect(refused.allSatisfy { $0.retryAfter != nil })
        #expect(stage.send(.positionRequest(PositionRequest(number: 1)), from: "c").isEmpty)
    }

    @Test func `questions for the position keep their askers' numbers apart`() {
        var stage = Stage()
        stage.client("a")
        stage.client("b")
        stage.worker("w", capacity: 0)
        func ask(_ name: String) -> [UInt64] {
            stage.send(.positionRequest(PositionRequest(number: 7)), from: name).to("w").compactMap {
                if case .positionRequest(let request) = $0 { request.number } else { nil }
            }
        }
        let (first, second) = (ask("a"), ask("b"))
        #expect(first.count == 1 && second.count == 1 && first != second)
        let token = CausalToken(epoch: Stage.epoch, lsn: LSN(rawValue: 5))
        let answered = stage.send(.position(Position(number: second[0], token: token)), from: "w")
        #expect(answered.to("b") == [.position(Position(number: 7, token: token))])
        #expect(answered.to("a").isEmpty)
        #expect(stage.send(.position(Position(number: second[0], token: token)), from: "w").isEmpty)
    }

    @Test func `a question that nobody answers is forgotten in the end`() {
        var stage = Stage()
        stage.client("c")
        _ = stage.send(Self.fence(stage.request()), from: "c")
        _ = stage.pass(.seconds(59), alive: ["c"])
        #expect(stage.machine.questions.count == 1)
        _ = stage.pass(.seconds(1), alive: ["c"])
        #expect(stage.machine.questions.isEmpty)
        #expect(stage.machine.clients.values.allSatisfy { $0.questions.isEmpty })
    }
}
