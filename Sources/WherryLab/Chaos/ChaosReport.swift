import ChaosChecker
import Foundation

/// What a run showed.
struct ChaosReport {
    let seed: UInt64
    let seconds: Int
    let schedule: ChaosSchedule
    /// Those that happened.
    let faults: [ChaosFault]
    let promotions: [ChaosPromotion]
    /// Processes that ended by themselves, or badly.
    let complaints: [String]
    let verdict: Verdict
    /// Where the logs are.
    let folder: String

    /// Whether every promise was kept.
    var isClean: Bool { self.verdict.violations.isEmpty && self.complaints.isEmpty }

    /// How many faults there were of each kind.
    var faultCounts: [String: Int] {
        Dictionary(self.faults.map { ($0.kind.rawValue, 1) }, uniquingKeysWith: +)
    }

    private struct Document: Encodable {
        let seed: UInt64
        let seconds: Int
        let submitted: Int
        let acknowledged: Int
        let committed: Int
        let lost: Int
        let doubled: Int
        let staleReads: Int
        let neverEnded: Int
        let contradicted: Int
        let lostByFailover: Int
        let faults: [String: Int]
        let p50Ms: Double
        let p99Ms: Double
        let longestStallMs: Double
        let longestOverrunMs: Double
        let reads: Int
        let failedReads: [String: Int]
        let endings: [String: Int]
        let diedWithTheirProcess: Int
        let promotions: [ChaosPromotion]
        let complaints: [String]
        let violations: [Violation]
        let schedule: [ChaosFault]
    }

    func json() throws -> String {
        let verdict = self.verdict
        let document = Document(
            seed: self.seed, seconds: self.seconds, submitted: verdict.submitted, acknowledged: verdict.acknowledged,
            committed: verdict.committed, lost: verdict.count(.lost), doubled: verdict.count(.doubled),
            staleReads: verdict.count(.staleRead), neverEnded: verdict.count(.neverEnded), contradicted: verdict.count(.contradicted),
            lostByFailover: verdict.lostByFailover, faults: self.faultCounts, p50Ms: Self.rounded(verdict.p50Milliseconds),
            p99Ms: Self.rounded(verdict.p99Milliseconds), longestStallMs: Self.rounded(verdict.longestStallMilliseconds),
            longestOverrunMs: Self.rounded(verdict.longestOverrunMilliseconds), reads: verdict.reads, failedReads: verdict.failedReads,
            endings: verdict.endings, diedWithTheirProcess: verdict.diedWithTheirProcess, promotions: self.promotions,
            complaints: self.complaints, violations: verdict.violations, schedule: self.schedule.faults)
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }

    /// So many violations are printed one by one.
    private static let shownViolations = 20

    func text() -> String {
        let verdict = self.verdict
        func list(_ counts: [String: Int]) -> String {
            counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
        var lines = ["seed \(self.seed), \(self.seconds) s: \(self.faults.count) faults of \(self.faultCounts.count) kinds"]
        lines.append("  \(list(self.faultCounts))")
        let promotions = self.promotions.map { "\($0.from) to \($0.to), \($0.receiptsLost) receipts lost" }
        lines.append("promotions: \(promotions.isEmpty ? "none" : promotions.joined(separator: "; "))")
        lines.append(
            "calls: \(verdict.submitted) submitted, \(verdict.acknowledged) acknowledged, \(verdict.diedWithTheirProcess) died with their app"
        )
        lines.append("  errors: \(list(verdict.endings))")
        lines.append("receipts of committed jobs: \(verdict.committed)")
        lines.append("reads: \(verdict.reads) checked; errors: \(list(verdict.failedReads))")
        lines.append(String(format: "call to value: p50 %.1f ms, p99 %.1f ms", verdict.p50Milliseconds, verdict.p99Milliseconds))
        let (stall, overrun) = (verdict.longestStallMilliseconds, verdict.longestOverrunMilliseconds)
        lines.append(String(format: "longest stall %.0f ms; longest overrun of a deadline %.0f ms", stall, overrun))
        let kinds: [(String, Violation.Kind)] = [
            ("lost", .lost), ("doubled", .doubled), ("stale reads", .staleRead), ("never ended", .neverEnded),
            ("contradicted", .contradicted),
        ]
        lines.append(kinds.map { "\($0.0) \(verdict.count($0.1))" }.joined(separator: ", "))
        lines.append("lost by a failover, as it may: \(verdict.lostByFailover)")
        for violation in verdict.violations.prefix(Self.shownViolations) {
            let place = violation.process.map { "\(self.folder)/\($0).jsonl" } ?? "the database"
            lines.append("VIOLATION \(violation.kind.rawValue)  job \(violation.job ?? "none")  \(place): \(violation.what)")
        }
        if verdict.violations.count > Self.shownViolations {
            lines.append("and \(verdict.violations.count - Self.shownViolations) more violations")
        }
        lines += self.complaints.map { "COMPLAINT \($0)" }
        return lines.joined(separator: "\n")
    }

    private static func rounded(_ milliseconds: Double) -> Double { (milliseconds * 10).rounded() / 10 }
}
