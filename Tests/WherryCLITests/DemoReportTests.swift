import DemoShared
import Foundation
import Testing
import WherryCLI

@Suite("The demo's report")
struct DemoReportTests {
    @Test("When everything went well every claim holds")
    func allHeld() {
        let report = Self.report()
        #expect(report.claimsHeld)
        #expect(report.claims.count == 8)
        #expect(Set(report.claims.map(\.name)).count == report.claims.count)
    }

    /// One thing that can go wrong, and the claim that then must not hold.
    struct Mishap: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var breaks: String
        var happen: @Sendable (inout [StepMeasurement], inout KilledWorker, inout [BadJobMeasurement]) -> Void
    }

    private static let mishaps: [Mishap] = [
        Mishap(testDescription: "no delay", breaks: "distance-is-real") { steps, _, _ in steps[0].waitsMilliseconds = [2] },
        Mishap(testDescription: "a slow bulk job", breaks: "one-job-beats-the-loop") { steps, _, _ in steps[2].elapsedMilliseconds = 9_000
        },
        Mishap(testDescription: "a stale read after .value", breaks: "no-stale-read-after-value") { steps, _, _ in steps[4].staleReads = 1
        },
        Mishap(testDescription: "no reads at all", breaks: "no-stale-read-after-value") { steps, _, _ in steps[4].reads = 0 },
        Mishap(testDescription: "a row lost", breaks: "every-row-once") { steps, _, _ in steps[3].rowsFound -= 1 },
        Mishap(testDescription: "a row doubled", breaks: "every-row-once") { steps, _, _ in steps[3].rowsFound += 1 },
        Mishap(testDescription: "a row lost and another doubled", breaks: "every-row-once") { steps, _, _ in steps[3].airportsFound -= 1 },
        Mishap(testDescription: "a step left out", breaks: "every-row-once") { steps, _, _ in steps.remove(at: 3) },
        Mishap(testDescription: "nobody killed", breaks: "killed-worker-exactly-once") { _, killed, _ in killed.kills = 0 },
        Mishap(testDescription: "the job done twice", breaks: "killed-worker-exactly-once") { _, killed, _ in killed.rowsOnPrimary *= 2 },
        Mishap(testDescription: "no receipt", breaks: "killed-worker-exactly-once") { _, killed, _ in killed.receipts = 0 },
        Mishap(testDescription: "a failed job", breaks: "killed-worker-exactly-once") { _, killed, _ in killed.outcome = "failed" },
        Mishap(testDescription: "a bad job succeeded", breaks: "typed-error-unknown-job") { _, _, jobs in jobs[0].code = nil },
        Mishap(testDescription: "the wrong error", breaks: "typed-error-unknown-job") { _, _, jobs in jobs[0].code = "expired" },
        Mishap(testDescription: "an error without the id", breaks: "typed-error-unknown-job") { _, _, jobs in jobs[0].namesJob = false },
    ]

    @Test("One thing gone wrong breaks the claim about it, and so the whole", arguments: DemoReportTests.mishaps)
    func broken(mishap: Mishap) throws {
        let report = Self.report(mishap.happen)
        #expect(!report.claimsHeld)
        #expect(try #require(report.claims.first { $0.name == mishap.breaks }).held == false)
        #expect(report.claims.count { !$0.held } == 1)
    }

    @Test("Stale reads of those who did not wait break nothing: they are what is to be shown")
    func staleWithoutWaiting() {
        #expect(Self.report { steps, _, _ in steps[3].staleReads = 300 }.claimsHeld)
    }

    @Test("Only a step that stopped before the file's end is extrapolated, by its time for a row")
    func extrapolation() throws {
        let report = Self.report()
        let naive = try #require(report.step(.naive))
        #expect(naive.isExtrapolated)
        #expect(naive.wholeFileMilliseconds == 146.0 * 400)
        let bulk = try #require(report.step(.bulk))
        #expect(!bulk.isExtrapolated)
        #expect(bulk.wholeFileMilliseconds == 150)
    }

    @Test("As JSON it says claims_held and comes back as it was")
    func json() throws {
        let report = Self.report()
        let text = try report.json()
        #expect(text.contains("\"claims_held\" : true"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        #expect(try decoder.decode(DemoReport.self, from: Data(text.utf8)) == report)
    }

    @Test("For people it ends with the verdict, and plain output has no escape codes", arguments: [true, false])
    func conclusion(held: Bool) {
        let report = Self.report { steps, _, _ in if !held { steps[4].staleReads = 1 } }
        let output = Output()
        let screen = DemoScreen(Screen(isTerminal: false, style: Style(isColoured: false)) { output.text += $0 })
        screen.conclude(report)
        #expect(!output.text.contains("\u{1B}"))
        #expect(output.text.hasSuffix(held ? "All 8 claims held.\n" : "1 of 8 claims did not hold.\n"))
    }

    private final class Output {
        var text = ""
    }

    /// A run in which everything went well, save what `happen` does to it.
    private static func report(
        _ happen: (inout [StepMeasurement], inout KilledWorker, inout [BadJobMeasurement]) -> Void = { _, _, _ in }
    ) -> DemoReport {
        func measurement(_ step: DemoStep, rows: Int, elapsed: Double, waits: [Double], reads: Int) -> StepMeasurement {
            StepMeasurement(
                step: step, rows: rows, elapsedMilliseconds: elapsed, waitsMilliseconds: waits, reads: reads, rowsFound: rows,
                airportsFound: rows)
        }
        var steps = [
            measurement(.direct, rows: 20, elapsed: 2_920, waits: Array(repeating: 146, count: 20), reads: 20),
            measurement(.naive, rows: 40, elapsed: 5_840, waits: Array(repeating: 146, count: 40), reads: 40),
            measurement(.bulk, rows: 400, elapsed: 150, waits: [150], reads: 1),
            measurement(.unwaited, rows: 400, elapsed: 2_000, waits: Array(repeating: 150, count: 400), reads: 400),
            measurement(.waited, rows: 400, elapsed: 2_000, waits: Array(repeating: 152, count: 400), reads: 400),
            measurement(.killed, rows: 400, elapsed: 8_000, waits: [8_000], reads: 1),
        ]
        var killed = KilledWorker(
            jobID: "0192e4a0-0000-7000-8000-000000000000", rowsLost: 200, kills: 1, rowsOnPrimary: 400, receipts: 1, outcome: "committed")
        var jobs = ["unknown-job", "undecodable-arguments", "handler-failed"].map { code in
            BadJobMeasurement(flaw: code, expectedCode: code, code: code, message: "…", namesJob: true, milliseconds: 150)
        }
        happen(&steps, &killed, &jobs)
        return DemoReport(
            wan: WANSummary(
                primary: "SYD", replica: "LAX", kilometres: 12_051, roundTripMilliseconds: 145, jitterMilliseconds: 3),
            airports: 400,
            measurements: steps,
            killedWorker: killed,
            badJobs: jobs,
            elapsed: .seconds(30)
        )
    }
}
