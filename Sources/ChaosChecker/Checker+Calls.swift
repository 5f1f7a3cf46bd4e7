import ChaosLog

extension Checker {
    /// Compares what one caller was told with what is there.
    mutating func check(_ call: CallRecord) {
        if call.isAcknowledged { self.tallyAcknowledged() }
        if let ending = call.ending { self.tallyEnding(ending.code) }
        guard let job = call.job else { return self.checkUnidentified(call) }
        if call.isAcknowledged { self.checkAcknowledged(call, job) }
        if let ending = call.ending { self.checkEnding(ending.code, ending.message, of: call, job) }
        if let output = call.acknowledgement?.output, case .order(let key) = call.work { self.checkOutput(output, key: key, of: call, job) }
    }

    /// No id: the job was not taken, or its process died before it could write the id down.
    private mutating func checkUnidentified(_ call: CallRecord) {
        if call.isAcknowledged {
            self.report(.contradicted, process: call.process, "\(call.title) was acknowledged before it had an id")
        }
    }

    private mutating func checkAcknowledged(_ call: CallRecord, _ job: String) {
        let found = self.evidence.contents.receipts[job]
        if self.isForked(job, "committed") {
            // What became of it on the new primary: nothing, or a second run, if its caller had not been told. Here it had been.
            if !self.hasEffect(call, job) { self.tallyLostByFailover() }
            return
        }
        guard self.hasEffect(call, job) else {
            // A `lost` that is told without a failover that lost it is a lost effect too.
            return self.report(
                .lost, job: job, process: call.process,
                "\(call.title) was acknowledged (\(self.told(call))); its effect is missing, its receipt is \(found ?? "missing")")
        }
        if found != "committed" {
            self.report(
                .contradicted, job: job, process: call.process,
                "\(call.title) was told \(self.told(call)); its receipt is \(found ?? "missing")")
        }
    }

    private mutating func checkEnding(_ code: String, _ message: String, of call: CallRecord, _ job: String) {
        if call.acknowledgement != nil {
            self.report(.contradicted, job: job, process: call.process, "\(call.title) was given its output, and then \(code): \(message)")
        }
        if Endings.committed.contains(code) || Endings.undecided.contains(code) { return }
        guard Endings.without.contains(code) else {
            return self.report(.contradicted, job: job, process: call.process, "\(call.title) was told \(code), for no reason: \(message)")
        }
        if call.wasToldCommitted, code != "lost" {
            self.report(.contradicted, job: job, process: call.process, "\(call.title) was told that it committed, and then \(code)")
        }
        let found = self.evidence.contents.receipts[job]
        if self.effects[job] != nil {
            return self.report(
                .doubled, job: job, process: call.process,
                "\(call.title) was told \(code), and its effect is there; its receipt is \(found ?? "missing")")
        }
        // The receipt that told it may have been lost itself, in a later failover.
        if let wanted = Endings.receipt(for: code), found != wanted, !self.isForked(job, wanted) {
            self.report(
                .contradicted, job: job, process: call.process, "\(call.title) was told \(code); its receipt is \(found ?? "missing")")
        }
        if let allowed = Endings.receipts(allowedFor: code), let found, !allowed.contains(found),
            allowed.allSatisfy({ !self.isForked(job, $0) })
        {
            self.report(.contradicted, job: job, process: call.process, "\(call.title) was told \(code); its receipt is \(found)")
        }
    }

    /// Everybody who used a key is given one and the same answer: that of the job that took effect.
    private mutating func checkOutput(_ output: String, key: String, of call: CallRecord, _ job: String) {
        let ran = output.lowercased()
        let jobs = self.ordersByKey[key] ?? []
        if !jobs.contains(ran), !jobs.isEmpty, !self.isForked(ran, "committed") {
            self.report(
                .contradicted, job: job, process: call.process,
                "\(call.title) was told that \(ran) took the order \(key); it was \(jobs.joined(separator: ", "))")
        }
    }

    // MARK: Parts

    private func told(_ call: CallRecord) -> String {
        call.acknowledgement.map { "output \($0.output)" } ?? call.ending.map(\.code) ?? "committed"
    }

    /// Whether a receipt with this outcome went away with a history that was given up.
    private func isForked(_ job: String, _ outcome: String) -> Bool {
        self.evidence.forked[job]?.contains(outcome) ?? false
    }

    private func hasEffect(_ call: CallRecord, _ job: String) -> Bool {
        // A job that shares its key with others may have been answered with what one of them did.
        if case .order(let key) = call.work { return !(self.ordersByKey[key] ?? []).isEmpty }
        return self.effects[job] != nil
    }
}
