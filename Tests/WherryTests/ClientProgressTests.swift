import Testing
import WherryCore
import WherryWire

@testable import Wherry

@Suite("A job's progress")
struct ClientProgressTests {
    private func report(
        _ sequence: UInt64, of handle: ClientBench.Handle, from link: ClientBench.LinkID = ClientBench.broker, _ bench: inout ClientBench
    ) {
        guard let id = bench.ids[handle] else { return }
        bench.receive(.partial(Partial(id: id, sequence: sequence, contentType: "application/json", payload: [])), from: link)
    }

    @Test("comes in order: what is late or repeated is dropped")
    func order() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.start(handle)
        for sequence: UInt64 in [0, 1, 1, 0, 4, 3, 5] { self.report(sequence, of: handle, &bench) }
        #expect(bench.progress[handle] == [[0, 0], [0, 1], [0, 4], [0, 5]])
    }

    @Test("counts from 0 again when its handler begins anew, and says that it is another run")
    func again() {
        var bench = ClientBench.ready()
        let handle = bench.submit()
        bench.start(handle)
        for sequence: UInt64 in [0, 1, 2] { self.report(sequence, of: handle, &bench) }
        bench.start(handle)
        for sequence: UInt64 in [0, 1, 0] { self.report(sequence, of: handle, &bench) }
        #expect(bench.progress[handle] == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1]])
    }

    @Test("is heard only from the broker that holds the job, and until the job has committed")
    func holder() {
        var bench = ClientBench.ready(brokers: 2)
        let handle = bench.submit()
        bench.start(handle)
        self.report(0, of: handle, from: ClientBench.other, &bench)
        self.report(1, of: handle, &bench)
        bench.reply(handle)
        self.report(2, of: handle, &bench)
        #expect(bench.progress[handle] == [[0, 1]])
    }

    @Test("waits for a slow listener up to a bound, the newest first kept")
    func bounded() async throws {
        let pending = PendingJob(handle: ClientMachine.Handle(rawValue: 1), name: "items.touch")
        let early = JobProgressSequence(pending: pending).makeAsyncIterator()
        for number in 0..<100 { pending.report(Self.partial(number), run: 0) }
        let late = JobProgressSequence(pending: pending).makeAsyncIterator()
        pending.advance(to: .ended) { _ in }
        let after = JobProgressSequence(pending: pending).makeAsyncIterator()
        #expect(try await Self.drain(early) == Array(84..<100))
        #expect(try await Self.drain(late) == [99], "who comes late begins with the newest")
        #expect(try await Self.drain(after) == [99])
    }

    @Test("that is of another type than asked for is a typed error")
    func wrongType() throws {
        let progress = JobProgress(Self.partial(7), run: 0, name: "items.touch")
        #expect(try progress.decode(as: Int.self) == 7)
        let error = try #require(throws: JobError.self) { try progress.decode(as: [String].self) }
        #expect(error.code == .undecodableResult)
        #expect(error.jobName == "items.touch")
    }

    private static func partial(_ number: Int) -> Partial {
        var random = SplitMix64(seed: 1)
        let id = JobID(unixMilliseconds: 1_000, using: &random)
        return Partial(id: id, sequence: UInt64(number), contentType: "application/json", payload: Array("\(number)".utf8))
    }

    private static func drain(_ iterator: JobProgressSequence.AsyncIterator) async throws -> [Int] {
        var iterator = iterator
        var values: [Int] = []
        while let progress = await iterator.next(isolation: nil) { values.append(try progress.decode()) }
        return values
    }
}
