import Synchronization
import Testing
import WherryCore
import WherryWire

@testable import WherryJobs

@Suite("What a handler reports")
struct ProgressReporterTests {
    private final class Sent: Sendable {
        let partials = Locked<[Partial]>([])
        var texts: [String] { self.partials.withLock { $0.map { "\($0.sequence):\(String(decoding: $0.payload, as: UTF8.self))" } } }
    }

    private static func makeReporter(_ sent: Sent) -> ProgressReporter {
        var random = SystemRandomNumberGenerator()
        return ProgressReporter(id: JobID(unixMilliseconds: 1, using: &random), contentType: "application/json") { partial in
            sent.partials.withLock { $0.append(partial) }
        }
    }

    @Test("goes out at once, and of what comes too fast only the newest does")
    func newestWins() {
        let sent = Sent()
        let reporter = Self.makeReporter(sent)
        reporter.begin()
        let start = MonotonicInstant(nanoseconds: 1_000_000_000)
        reporter.report(Array("a".utf8), now: start)
        reporter.report(Array("b".utf8), now: start + .milliseconds(1))
        reporter.report(Array("c".utf8), now: start + .milliseconds(99))
        #expect(sent.texts == ["0:a"])
        reporter.report(Array("d".utf8), now: start + .milliseconds(100))
        #expect(sent.texts == ["0:a", "1:d"])
        reporter.report(Array("e".utf8), now: start + .milliseconds(101))
        reporter.end(returned: true)
        #expect(sent.texts == ["0:a", "1:d", "2:e"], "the last one of a handler that returns always goes out")
        reporter.report(Array("f".utf8), now: start + .seconds(1))
        #expect(sent.texts.count == 3, "nothing comes after the end")
    }

    @Test("begins anew with another run, and what a run that failed held back is dropped")
    func again() {
        let sent = Sent()
        let reporter = Self.makeReporter(sent)
        let start = MonotonicInstant(nanoseconds: 1_000_000_000)
        reporter.begin()
        reporter.report(Array("a".utf8), now: start)
        reporter.report(Array("b".utf8), now: start)
        reporter.end(returned: false)
        reporter.begin()
        reporter.report(Array("c".utf8), now: start)
        #expect(sent.texts == ["0:a", "0:c"])
    }

    @Test("what waits goes out by itself when its time has come", .timeLimit(.minutes(5)))
    func timer() async {
        let (stream, source) = AsyncStream.makeStream(of: Partial.self)
        var random = SystemRandomNumberGenerator()
        let reporter = ProgressReporter(id: JobID(unixMilliseconds: 1, using: &random), contentType: "application/json") {
            source.yield($0)
        }
        reporter.begin()
        reporter.report([1])
        reporter.report([2])
        reporter.report([3])
        var arrived: [[UInt8]] = []
        for await partial in stream {
            arrived.append(partial.payload)
            if arrived.count == 2 { break }
        }
        #expect(arrived == [[1], [3]])
    }
}
