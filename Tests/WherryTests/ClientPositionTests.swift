import Testing
import Wherry
import WherryCore
import WherryWire

@Suite("The primary's position, asked by the client's machine")
struct ClientPositionTests {
    typealias Reader = ClientMachine.Reader

    static func reader(_ number: UInt64) -> Reader { Reader(rawValue: number) }
    static let token = CausalToken(epoch: ClientBench.first, lsn: LSN(rawValue: 900))

    @Test("one question serves all who waited when it was sent; whoever comes later gets one of their own")
    func sharing() {
        var bench = ClientBench.ready()
        bench.ask(1)
        bench.ask(2)
        bench.ask(3)
        #expect(bench.questions == [1], "two and three came after the question was sent, and wait for the next")
        bench.answer(1, Self.token)
        #expect(bench.positions == [Self.reader(1): .position(Self.token)])
        #expect(bench.questions == [1, 2])
        bench.ask(4)
        bench.answer(2, Self.token)
        #expect(bench.positions.count == 3)
        #expect(bench.questions == [1, 2, 3])
        bench.answer(3, Self.token)
        #expect(bench.positions.count == 4)
        bench.run(for: .seconds(10))
        #expect(bench.questions == [1, 2, 3], "nobody waits, nobody asks")
    }

    @Test("readers who come before any broker is ready share one question")
    func before() {
        var bench = ClientBench()
        bench.ask(1)
        bench.ask(2)
        bench.send(.start)
        bench.ask(3)
        #expect(bench.questions.isEmpty)
        bench.welcome()
        #expect(bench.questions == [1])
        bench.answer(1, Self.token)
        #expect(bench.positions.count == 3)
    }

    @Test("a question without an answer is asked again after a second, of another broker; the answers to both count")
    func again() {
        var bench = ClientBench.ready(brokers: 2)
        bench.ask(1)
        bench.run(for: .milliseconds(1_100))
        #expect(bench.questions == [1, 2])
        #expect(Set(bench.questionLinks) == [ClientBench.broker, ClientBench.other])
        bench.ask(2)
        bench.answer(1, Self.token)
        #expect(bench.positions[Self.reader(1)] == .position(Self.token))
        #expect(bench.positions[Self.reader(2)] == nil)
        bench.answer(2, Self.token, from: ClientBench.other)
        #expect(bench.positions[Self.reader(2)] == nil, "the second reader came after the second question")
        #expect(bench.questions == [1, 2, 3])
        bench.answer(3, Self.token)
        #expect(bench.positions[Self.reader(2)] == .position(Self.token))
    }

    @Test("a question that was out on a lost link is asked on another one at once")
    func lostLink() {
        var bench = ClientBench.ready(brokers: 2)
        bench.ask(1)
        let link = bench.questionLinks[0]
        bench.receive(.disconnect(Disconnect(reason: .leaving)), from: link)
        #expect(bench.questions == [1, 2])
        #expect(bench.questionLinks[1] != link)
    }

    @Test("an answer of an older epoch than the newest known proves nothing")
    func oldEpoch() {
        var bench = ClientBench.ready()
        bench.send(.learned(ClientBench.second))
        bench.ask(1)
        bench.answer(1, Self.token)
        #expect(bench.positions.isEmpty)
        bench.run(for: .milliseconds(1_100))
        let newer = CausalToken(epoch: ClientBench.second, lsn: LSN(rawValue: 1))
        bench.answer(2, newer)
        #expect(bench.positions[Self.reader(1)] == .position(newer))
    }

    @Test("a newer epoch in an answer is learned")
    func newEpoch() {
        var bench = ClientBench.ready()
        bench.ask(1)
        bench.answer(1, CausalToken(epoch: ClientBench.second, lsn: LSN(rawValue: 1)))
        #expect(bench.learned.last == ClientBench.second)
        #expect(bench.positions.count == 1)
    }

    @Test("without a broker, and before the client runs, a reader's time ends the wait, with the reason", arguments: [true, false])
    func unreachable(isRunning: Bool) throws {
        var bench = ClientBench()
        if isRunning { bench.send(.start) }
        bench.ask(1, within: .seconds(2))
        bench.run(for: .seconds(3), silent: [ClientBench.broker])
        guard case .unknown(let reason)? = bench.positions[Self.reader(1)] else {
            Issue.record("not told")
            return
        }
        #expect(reason.contains("ipc://broker-0"))
    }

    @Test("a reader who gives up is not answered, and nobody is asked for them")
    func dropped() {
        var bench = ClientBench.ready()
        bench.ask(1)
        bench.send(.position(.drop(Self.reader(1))))
        bench.answer(1, Self.token)
        bench.run(for: .seconds(5))
        #expect(bench.positions.isEmpty)
        #expect(bench.questions == [1])
    }

    @Test("the shutdown ends all waits, and those that come after it")
    func shutdown() {
        var bench = ClientBench.ready()
        bench.ask(1)
        bench.send(.shutdown(until: bench.now))
        #expect(bench.isFinished)
        bench.ask(2)
        #expect(bench.positions == [Self.reader(1): .closed, Self.reader(2): .closed])
    }
}

extension ClientBench {
    mutating func ask(_ reader: UInt64, within limit: Duration = .seconds(30)) {
        self.send(.position(.ask(ClientMachine.Reader(rawValue: reader), until: self.now + limit)))
    }

    mutating func answer(_ number: UInt64, _ token: CausalToken, from link: LinkID = broker) {
        self.receive(.position(Position(number: number, token: token)), from: link)
    }

    var questions: [UInt64] {
        self.sent.compactMap { if case .positionRequest(let question) = $0.message { question.number } else { nil } }
    }

    var questionLinks: [LinkID] {
        self.sent.compactMap { if case .positionRequest = $0.message { $0.link } else { nil } }
    }
}
