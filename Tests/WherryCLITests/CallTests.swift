import Foundation
import Testing
import Wherry
import WherryCore

@testable import WherryCLI

@Suite("What wherry call makes of an outcome")
struct CallTests {
    private static let statuses: [(JobError.Code, Int32)] = [
        (.handlerFailed, 1), (.unknownJob, 1), (.poisoned, 1), (.notYetVisible, 3), (.undecodableResult, 3), (.undecided, 4),
        (.misconfigured, 64), (.neverSent, 69), (.overloaded, 75), (.expired, 75), (.cancelled, 75),
    ]

    @Test("Each error has the status that says whether the job did anything", arguments: Self.statuses)
    func status(code: JobError.Code, status: Int32) {
        let outcome = CallOutcome(name: "j", ending: .failure(JobError(code, "why")), timings: JobTimings())
        #expect(outcome.status.rawValue == status)
    }

    @Test("A job that was given up by Ctrl-C and did nothing ends as interrupted")
    func interrupted() {
        var outcome = CallOutcome(name: "j", ending: .failure(JobError(.cancelled, "why")), timings: JobTimings(), isInterrupted: true)
        #expect(outcome.status.rawValue == 130)
        outcome.ending = .failure(JobError(.notYetVisible, "faster"))
        #expect(outcome.status.rawValue == 3)
    }

    @Test("JSON has the output as JSON, and the legs that were timed")
    func json() throws {
        var timings = JobTimings()
        timings.brokerQueue = .milliseconds(2)
        timings.total = .milliseconds(160)
        let token = CausalToken(
            epoch: Epoch(systemIdentifier: 7, timeline: 1, restoreCounter: 0, random: 42), lsn: LSN(rawValue: 0x16_B374_D848))
        let outcome = CallOutcome(
            name: "items.count", ending: .output(bytes: Array("{\"n\":3}".utf8), contentType: "application/json", token: token),
            timings: timings)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(outcome.json().utf8)) as? [String: Any])
        #expect(object["committed"] as? Bool == true)
        #expect((object["result"] as? [String: Int]) == ["n": 3])
        #expect((object["timings_ms"] as? [String: Double]) == ["broker_queue": 2, "total": 160])
        #expect(object["token"] != nil)
        #expect(outcome.timingLines(style: Style(isColoured: false)).count == 2)
    }

    @Test("JSON of a failure has its code and its payload")
    func failure() throws {
        var error = JobError(.handlerFailed, "no such item")
        error.content = JobError.Content(kind: .failure, contentType: "application/json", bytes: Array("{\"item\":7}".utf8))
        let outcome = CallOutcome(name: "j", ending: .failure(error), timings: JobTimings())
        let object = try #require(try JSONSerialization.jsonObject(with: Data(outcome.json().utf8)) as? [String: Any])
        #expect(object["committed"] as? Bool == false)
        let told = try #require(object["error"] as? [String: Any])
        #expect(told["code"] as? String == "handler-failed")
        #expect((told["payload"] as? [String: Int]) == ["item": 7])
        #expect(outcome.payload == "{\"item\":7}")
    }

    @Test(
        "Deadlines are written with their unit",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("30", .seconds(30)), ("1.5s", .milliseconds(1_500)), ("2m", .seconds(120)),
            ("1h", .seconds(3_600)),
        ])
    func deadline(text: String, duration: Duration) throws {
        #expect(try #require(DeadlineOption(argument: text)).duration == duration)
    }

    @Test("What is no deadline is refused", arguments: ["", "soon", "0", "-1s", "s", "1000000h", "nan", "inf"])
    func noDeadline(text: String) {
        #expect(DeadlineOption(argument: text) == nil)
    }
}
