import ChaosLog
import Testing

@testable import ChaosChecker

/// Made-up logs and databases: the checker must find what is wrong with them, and nothing where nothing is.
@Suite("The chaos run's checker", .timeLimit(.minutes(1)))
struct CheckerTests {
    private static let job = "01890a5d-ac96-774b-bcce-b302099a8057"
    private static let other = "01890a5d-ac96-774b-bcce-b302099a8058"

    /// A process that makes the given steps one millisecond after another, between its beginning and its end.
    private func log(_ events: ChaosEvent..., wasKilled: Bool = false, name: String = "app-1.1") -> ProcessLog {
        let all = [.started(app: name)] + events + (wasKilled ? [] : [.finished])
        return ProcessLog(
            name: name, wasKilled: wasKilled, lines: all.enumerated().map { ChaosLine(at: Double($0.offset), event: $0.element) })
    }

    private func submit(_ work: ChaosWork, call: Int = 1, job: String = Self.job) -> [ChaosEvent] {
        [.submitting(call: call, work: work, deadlineMilliseconds: 1_000), .submitted(call: call, job: job)]
    }

    private func log(_ events: [ChaosEvent], wasKilled: Bool = false, name: String = "app-1.1") -> ProcessLog {
        let all = [.started(app: name)] + events + (wasKilled ? [] : [.finished])
        return ProcessLog(
            name: name, wasKilled: wasKilled, lines: all.enumerated().map { ChaosLine(at: Double($0.offset), event: $0.element) })
    }

    private let append = ChaosWork.append(list: "a", number: 1)

    /// A database in which this one append was done.
    private var done: DatabaseContents {
        var contents = DatabaseContents()
        contents.receipts = [Self.job: "committed"]
        contents.entries = [.init(job: Self.job, list: "a", number: 1, position: 1)]
        return contents
    }

    private func receipt(_ outcome: String) -> DatabaseContents {
        var contents = DatabaseContents()
        contents.receipts = [Self.job: outcome]
        return contents
    }

    private func check(_ logs: ProcessLog..., contents: DatabaseContents, forked: [String: Set<String>] = [:]) -> Verdict {
        Checker.check(Evidence(logs: logs, contents: contents, forked: forked, initialBalance: 100))
    }

    private func kinds(_ verdict: Verdict) -> [Violation.Kind] { verdict.violations.map(\.kind) }

    // MARK: Nothing wrong

    @Test("finds nothing wrong where all is well, and counts and measures")
    func clean() {
        let acknowledged =
            self.submit(self.append) + [.committed(call: 1), .acknowledged(call: 1, output: "1"), .read(list: "a", upTo: 1, saw: [1])]
        let verdict = self.check(self.log(acknowledged), contents: self.done)
        #expect(verdict.violations == [])
        #expect((verdict.submitted, verdict.acknowledged, verdict.committed, verdict.reads) == (1, 1, 1, 1))
        #expect(verdict.p50Milliseconds == 3)
        #expect(verdict.longestOverrunMilliseconds == 0)
    }

    @Test(
        "is content with every ending that leaves nothing behind",
        arguments: [
            ("cancelled", "cancelled"), ("expired", "expired"), ("handler-failed", "failed"), ("poisoned", "poisoned"), ("lost", "lost"),
            ("never-sent", nil), ("expired", nil), ("undecided", nil), ("undecided", "expired"),
        ])
    func endings(code: String, outcome: String?) {
        let verdict = self.check(
            self.log(self.submit(self.append) + [.ended(call: 1, code: code, message: "")]),
            contents: outcome.map(self.receipt) ?? DatabaseContents())
        #expect(verdict.violations == [])
        #expect(verdict.endings == [code: 1])
    }

    @Test("lets an effect be there that nobody could tell of: undecided, or its process was killed")
    func untold() {
        let undecided = self.submit(self.append) + [.ended(call: 1, code: "undecided", message: "")]
        #expect(self.check(self.log(undecided), contents: self.done).violations == [])
        let killed = self.check(self.log(self.submit(self.append), wasKilled: true), contents: self.done)
        #expect(killed.violations == [])
        #expect(killed.diedWithTheirProcess == 1)
    }

    // MARK: Lost

    @Test(
        "finds an acknowledged effect that is missing, however it was acknowledged",
        arguments: [
            ChaosEvent.acknowledged(call: 1, output: "1"), .ended(call: 1, code: "not-yet-visible", message: ""), .committed(call: 1),
        ])
    func lost(acknowledgement: ChaosEvent) {
        let end: [ChaosEvent] = acknowledgement == .committed(call: 1) ? [.ended(call: 1, code: "undecided", message: "")] : []
        let log = self.log(self.submit(self.append) + [acknowledgement] + end)
        #expect(self.kinds(self.check(log, contents: DatabaseContents())) == [.lost])
        let forgiven = self.check(log, contents: DatabaseContents(), forked: [Self.job: ["committed"]])
        #expect(forgiven.violations == [])
        #expect(forgiven.lostByFailover == 1)
    }

    @Test("finds that a job was told committed, then lost, without a failover that lost it")
    func lostWithoutFailover() {
        let log = self.log(self.submit(self.append) + [.committed(call: 1), .ended(call: 1, code: "lost", message: "")])
        #expect(self.kinds(self.check(log, contents: self.receipt("lost"))) == [.lost])
        #expect(self.check(log, contents: self.receipt("lost"), forked: [Self.job: ["committed"]]).violations == [])
    }

    @Test("finds money that is missing or does not match the ledger")
    func money() {
        var contents = DatabaseContents()
        contents.receipts = [Self.job: "committed"]
        contents.accounts = [0: 90, 1: 110]
        contents.ledger = [.init(job: Self.job, source: 0, target: 1, amount: 10)]
        let log = self.log(self.submit(.transfer(source: 0, target: 1, amount: 10)) + [.acknowledged(call: 1, output: "")])
        #expect(self.check(log, contents: contents).violations == [])
        contents.accounts = [0: 80, 1: 120]
        #expect(self.kinds(self.check(log, contents: contents)) == [.contradicted, .contradicted])
        contents.accounts = [0: 90, 1: 100]
        #expect(self.kinds(self.check(log, contents: contents)) == [.contradicted, .lost])
    }

    // MARK: Doubled

    @Test("finds an effect that is there twice")
    func twice() {
        var contents = self.done
        contents.entries.append(.init(job: Self.job, list: "a", number: 1, position: 2))
        let log = self.log(self.submit(self.append) + [.acknowledged(call: 1, output: "1")])
        #expect(self.kinds(self.check(log, contents: contents)) == [.doubled])
    }

    @Test(
        "finds an effect whose caller was told that it would never be",
        arguments: [
            "cancelled", "expired", "handler-failed", "lost", "never-sent", "overloaded",
        ])
    func afterAll(code: String) {
        let log = self.log(self.submit(self.append) + [.ended(call: 1, code: code, message: "")])
        #expect(self.kinds(self.check(log, contents: self.done)) == [.doubled])
    }

    @Test("finds a key that took effect twice, and an answer that is not the one")
    func keys() {
        var contents = DatabaseContents()
        contents.receipts = [Self.job: "committed", Self.other: "committed"]
        contents.orders = [.init(job: Self.job, key: "k")]
        let calls = self.submit(.order(key: "k")) + self.submit(.order(key: "k"), call: 2, job: Self.other)
        let both = calls + [.acknowledged(call: 1, output: Self.job.uppercased()), .acknowledged(call: 2, output: Self.job)]
        #expect(self.check(self.log(both), contents: contents).violations == [])
        let differing = calls + [.acknowledged(call: 1, output: Self.job), .acknowledged(call: 2, output: Self.other)]
        #expect(self.kinds(self.check(self.log(differing), contents: contents)) == [.contradicted])
        contents.orders.append(.init(job: Self.other, key: "k"))
        #expect(self.kinds(self.check(self.log(both), contents: contents)) == [.doubled])
    }

    @Test("finds the row of a handler that threw")
    func failure() {
        var contents = self.receipt("committed")
        contents.failures = [Self.job]
        let log = self.log(self.submit(.failure) + [.ended(call: 1, code: "undecided", message: "")])
        #expect(self.kinds(self.check(log, contents: contents)) == [.doubled])
    }

    // MARK: Stale

    @Test("finds a read that does not show what it must, shows it out of order, or twice")
    func stale() {
        func verdict(_ saw: [Int], upTo: Int = 2, forked: [String: Set<String>] = [:]) -> Verdict {
            var contents = self.done
            contents.receipts[Self.other] = "committed"
            contents.entries.append(.init(job: Self.other, list: "a", number: 2, position: 2))
            let writer = self.log(
                self.submit(self.append) + [.acknowledged(call: 1, output: "1")]
                    + self.submit(.append(list: "a", number: 2), call: 2, job: Self.other) + [.acknowledged(call: 2, output: "2")])
            let reader = self.log([.read(list: "a", upTo: upTo, saw: saw)], name: "app-2.1")
            return self.check(writer, reader, contents: contents, forked: forked)
        }
        #expect(verdict([1, 2]).violations == [])
        #expect(verdict([1, 2], upTo: 1).violations == [])
        #expect(verdict([1], upTo: 1).violations == [])
        #expect(self.kinds(verdict([1])) == [.staleRead])
        #expect(self.kinds(verdict([])) == [.staleRead, .staleRead])
        #expect(self.kinds(verdict([2, 1])) == [.staleRead])
        #expect(self.kinds(verdict([1, 1, 2])) == [.doubled])
        #expect(verdict([1], forked: [Self.other: ["committed"]]).violations == [])
    }

    // MARK: Never ended

    @Test("finds a call without an end, and a process that ended before it was told to")
    func neverEnded() {
        #expect(self.kinds(self.check(self.log(self.submit(self.append)), contents: self.done)) == [.neverEnded])
        let crashed = ProcessLog(name: "app-1.1", wasKilled: false, lines: [ChaosLine(at: 0, event: .started(app: "app-1.1"))])
        #expect(self.kinds(self.check(crashed, contents: DatabaseContents())) == [.neverEnded])
    }

    // MARK: Contradicted

    @Test(
        "finds what is told without its receipt, or against it",
        arguments: [
            ("handler-failed", nil), ("handler-failed", "expired"), ("lost", nil), ("cancelled", "expired"), ("expired", "failed"),
            ("overloaded", "cancelled"), ("id-conflict", nil), ("misconfigured", nil),
        ])
    func contradictions(code: String, outcome: String?) {
        let log = self.log(self.submit(self.append) + [.ended(call: 1, code: code, message: "")])
        #expect(self.kinds(self.check(log, contents: outcome.map(self.receipt) ?? DatabaseContents())) == [.contradicted])
    }

    @Test("finds an output without a receipt that says committed, an effect without one, and two ends that exclude each other")
    func receipts() {
        var contents = self.done
        contents.receipts = [Self.job: "expired"]
        let log = self.log(self.submit(self.append) + [.acknowledged(call: 1, output: "1")])
        #expect(self.kinds(self.check(log, contents: contents)) == [.contradicted, .contradicted])
        let both = self.log(self.submit(self.append) + [.committed(call: 1), .ended(call: 1, code: "expired", message: "")])
        #expect(self.kinds(self.check(both, contents: self.done)).contains(.contradicted))
    }
}
