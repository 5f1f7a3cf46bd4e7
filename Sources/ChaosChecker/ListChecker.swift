import ChaosLog

/// Compares what reads of the lists saw with what they had to see.
struct ListChecker {
    /// By list: the numbers whose append was acknowledged, with the jobs.
    private let acknowledged: [String: [Int: String]]
    private let forked: [String: Set<String>]

    struct Findings {
        var reads = 0
        var failures: [String: Int] = [:]
        var violations: [Violation] = []
    }

    init(_ calls: [CallRecord], evidence: Evidence) {
        var acknowledged: [String: [Int: String]] = [:]
        for call in calls {
            // An output is given once the caller's own replica shows the effect; `committed` says nothing of that.
            if case .append(let list, let number) = call.work, call.acknowledgement != nil, let job = call.job {
                acknowledged[list, default: [:]][number] = job
            }
        }
        self.acknowledged = acknowledged
        self.forked = evidence.forked
    }

    func check(_ log: ProcessLog) -> Findings {
        var findings = Findings()
        for line in log.lines {
            switch line.event {
            case .read(let list, let upTo, let saw):
                findings.reads += 1
                findings.violations += self.check(list, upTo: upTo, saw: saw, process: log.name)
            case .readFailed(_, let code, _): findings.failures[code, default: 0] += 1
            default: break
            }
        }
        return findings
    }

    private func check(_ list: String, upTo: Int, saw: [Int], process: String) -> [Violation] {
        let known = self.acknowledged[list] ?? [:]
        let due = known.filter { $0.key <= upTo && !(self.forked[$0.value]?.contains("committed") ?? false) }
        var violations = due.filter { !saw.contains($0.key) }.sorted { $0.key < $1.key }.map { number, job in
            Violation(.staleRead, job: job, process: process, "a read of \(list) did not show \(number), and had to; it saw \(saw)")
        }
        // Each was appended after the one before it had been acknowledged.
        let order = saw.filter { known[$0] != nil }
        if order != order.sorted() {
            violations.append(Violation(.staleRead, process: process, "a read of \(list) showed its numbers out of order: \(saw)"))
        }
        if Set(saw).count != saw.count {
            violations.append(Violation(.doubled, process: process, "a read of \(list) showed a number twice: \(saw)"))
        }
        return violations
    }
}
