import ChaosLog

/// Compares what callers were told with what is there.
///
/// It shares no code with what it checks: all that it knows of Wherry is what `docs/guarantees.md` promises.
package struct Checker {
    let evidence: Evidence
    /// Effects by job, however many tables they are in.
    let effects: [String: Int]
    let ordersByKey: [String: [String]]
    private(set) var verdict = Verdict()

    package static func check(_ evidence: Evidence) -> Verdict {
        var checker = Checker(evidence)
        checker.run()
        return checker.verdict
    }

    private init(_ evidence: Evidence) {
        let contents = evidence.contents
        let jobs = contents.ledger.map(\.job) + contents.entries.map(\.job) + contents.orders.map(\.job) + contents.failures
        self.evidence = evidence
        self.effects = Dictionary(jobs.map { ($0, 1) }, uniquingKeysWith: +)
        self.ordersByKey = Dictionary(grouping: contents.orders, by: \.key).mapValues { $0.map(\.job) }
    }

    private mutating func run() {
        self.verdict.committed = self.evidence.contents.receipts.values.count { $0 == "committed" }
        var calls: [CallRecord] = []
        for log in self.evidence.logs {
            let records = CallRecord.collect(log)
            calls += records
            self.checkEnds(of: records, in: log)
        }
        for call in calls { self.check(call) }
        self.measure(calls)
        self.checkDatabase()
        let lists = ListChecker(calls, evidence: self.evidence)
        for log in self.evidence.logs { self.add(lists.check(log)) }
    }

    mutating func report(_ kind: Violation.Kind, job: String? = nil, process: String? = nil, _ what: String) {
        self.verdict.violations.append(Violation(kind, job: job, process: process, what))
    }

    mutating func tallyAcknowledged() { self.verdict.acknowledged += 1 }
    mutating func tallyLostByFailover() { self.verdict.lostByFailover += 1 }
    mutating func tallyEnding(_ code: String) { self.verdict.endings[code, default: 0] += 1 }

    private mutating func add(_ reads: ListChecker.Findings) {
        self.verdict.reads += reads.reads
        self.verdict.failedReads.merge(reads.failures, uniquingKeysWith: +)
        self.verdict.violations += reads.violations
    }

    // MARK: Ends

    private mutating func checkEnds(of calls: [CallRecord], in log: ProcessLog) {
        self.verdict.submitted += calls.count
        let open = calls.filter { !$0.hasEnded }
        if log.wasKilled {
            self.verdict.diedWithTheirProcess += open.count
            return
        }
        for call in open {
            self.report(.neverEnded, job: call.job, process: log.name, "\(call.title) has no end: \(call.work)")
        }
        if open.isEmpty, log.lines.last?.event != .finished {
            self.report(.neverEnded, process: log.name, "the process ended before it was told to")
        }
    }

    private mutating func measure(_ calls: [CallRecord]) {
        let latencies = calls.compactMap { call in call.acknowledgement.map { $0.at - call.submittedAt } }.sorted()
        if let longest = latencies.last {
            func quantile(_ part: Double) -> Double { latencies[min(latencies.count - 1, Int(part * Double(latencies.count)))] }
            self.verdict.p50Milliseconds = quantile(0.5)
            self.verdict.p99Milliseconds = min(longest, quantile(0.99))
        }
        let moments = calls.compactMap { $0.acknowledgement?.at }.sorted()
        self.verdict.longestStallMilliseconds = zip(moments, moments.dropFirst()).map { $1 - $0 }.max() ?? 0
        self.verdict.longestOverrunMilliseconds =
            calls.compactMap { call in
                (call.acknowledgement?.at ?? call.ending?.at).map { $0 - call.submittedAt - Double(call.deadlineMilliseconds) }
            }.max().map { max(0, $0) } ?? 0
    }

    // MARK: The database by itself

    private mutating func checkDatabase() {
        let contents = self.evidence.contents
        for (job, count) in self.effects where count > 1 { self.report(.doubled, job: job, "its effect is there \(count) times") }
        for (key, jobs) in self.ordersByKey where jobs.count > 1 {
            self.report(.doubled, job: jobs[0], "the key \(key) took effect \(jobs.count) times: \(jobs.joined(separator: ", "))")
        }
        for job in contents.failures { self.report(.doubled, job: job, "its handler threw, and its row is there all the same") }
        for job in self.effects.keys where contents.receipts[job] != "committed" {
            self.report(.contradicted, job: job, "its effect is there, and its receipt is \(contents.receipts[job] ?? "missing")")
        }
        var balances = contents.accounts.mapValues { _ in self.evidence.initialBalance }
        for transfer in contents.ledger {
            balances[transfer.source, default: 0] -= transfer.amount
            balances[transfer.target, default: 0] += transfer.amount
        }
        for (account, balance) in contents.accounts where balances[account] != balance {
            let expected = balances[account] ?? 0
            self.report(
                .contradicted, "account \(account) has \(balance); by the ledger it should be \(expected)")
        }
        let sum = contents.accounts.values.reduce(0, +)
        if sum != contents.accounts.count * self.evidence.initialBalance {
            self.report(.lost, "all accounts together have \(sum) instead of \(contents.accounts.count * self.evidence.initialBalance)")
        }
    }
}
