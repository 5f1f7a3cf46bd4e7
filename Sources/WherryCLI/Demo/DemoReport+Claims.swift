import DemoShared

extension DemoReport {
    /// Steps that insert rows, hence have something to count.
    private static let inserting: [DemoStep] = [.direct, .naive, .bulk, .unwaited, .waited, .killed]

    func judge() -> [Claim] {
        [self.distance, self.oneJob, self.readYourWrites, self.everyRowOnce, self.survivedKill] + self.badJobs.map(self.typedError)
    }

    /// Otherwise the rest would show nothing: there is an ocean.
    private var distance: Claim {
        let waits = [self.step(.direct), self.step(.naive)].compactMap { $0?.medianWaitMilliseconds }
        let nearest = waits.min() ?? 0
        return Claim(
            name: "distance-is-real",
            claim: "A write that is waited for pays the round trip between the regions",
            // A timer may fire a little early for rounding; a proxy that forgot its delay is off by far more.
            held: waits.count == 2 && nearest >= self.wan.roundTripMilliseconds * 0.98,
            evidence: "median \(Figures.time(milliseconds: nearest)) a write; "
                + "the round trip is \(Figures.time(milliseconds: self.wan.roundTripMilliseconds))"
        )
    }

    private var oneJob: Claim {
        let loop = self.step(.naive)?.wholeFileMilliseconds ?? 0
        let job = self.step(.bulk)?.elapsedMilliseconds ?? 0
        let factor = job > 0 ? loop / job : 0
        return Claim(
            name: "one-job-beats-the-loop",
            claim: "The same rows as one job take less than a tenth of the naive loop's time",
            held: factor > 10,
            evidence: "\(Figures.decimal(factor)) times faster: \(Figures.time(milliseconds: job)) "
                + "instead of \(Figures.time(milliseconds: loop))"
        )
    }

    private var readYourWrites: Claim {
        let steps = [DemoStep.naive, .bulk, .waited].compactMap(self.step)
        let reads = steps.reduce(0) { $0 + $1.reads }
        let stale = steps.reduce(0) { $0 + $1.staleReads }
        return Claim(
            name: "no-stale-read-after-value",
            claim: "A local read after a call that waits for replay always sees the write",
            held: steps.count == 3 && steps.allSatisfy { $0.reads > 0 } && stale == 0,
            evidence: "\(stale) of \(reads) reads were stale"
        )
    }

    private var everyRowOnce: Claim {
        let steps = Self.inserting.compactMap(self.step)
        let wrong = steps.filter { $0.rowsFound != $0.rows || $0.airportsFound != $0.rows }
        let rows = steps.reduce(0) { $0 + $1.rows }
        let found = steps.reduce(0) { $0 + $1.rowsFound }
        return Claim(
            name: "every-row-once",
            claim: "Every row that was written stands in the replica exactly once",
            held: steps.count == Self.inserting.count && wrong.isEmpty,
            evidence: "\(rows) written, \(found) found"
                + (wrong.isEmpty ? "" : "; off in: " + wrong.map(\.step.rawValue).joined(separator: ", "))
        )
    }

    private var survivedKill: Claim {
        let killed = self.killedWorker
        let rows = self.step(.killed)?.rows ?? 0
        return Claim(
            name: "killed-worker-exactly-once",
            claim: "A job whose worker is killed in its middle is done exactly once all the same",
            held: killed.kills > 0 && killed.rowsLost > 0 && rows > 0 && killed.rowsOnPrimary == rows && killed.receipts == 1
                && killed.outcome == "committed",
            evidence: "\(killed.kills) killed after \(killed.rowsLost) rows; \(killed.rowsOnPrimary) rows of \(rows) on the primary, "
                + "\(killed.receipts) receipt, \(killed.outcome)"
        )
    }

    private func typedError(of job: BadJobMeasurement) -> Claim {
        Claim(
            name: "typed-error-\(job.expectedCode)",
            claim: "A job with \(job.flaw) fails with a code of its own, and the error names the job",
            held: job.code == job.expectedCode && job.namesJob,
            evidence: job.code.map { "\($0): \(job.message)" } ?? job.message
        )
    }
}
