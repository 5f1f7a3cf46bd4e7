import Wherry
import WherryCore
import WherryJobs
import WherryWire

/// What was told to whom, what was committed where, and whether the two agree. These are the invariants:
///
/// - at most one committed effect, and one receipt, per id in the history that counts;
/// - whoever is told an outcome finds its receipt at or before the token that came with it;
/// - whoever is told that a job did not and will not run, finds no effect of it, not even later;
/// - after `.value` the local server shows the write;
/// - every handle ends, once; a job that is committed is told so, or lost by a failover;
/// - a token names a position that is flushed in its history;
/// - a read shows all that its session was told of or has seen, unless a failover lost it;
/// - jobs that share a key take effect once;
/// - whoever sends a job again says so, and a copy that is marked runs no handler where it can see the receipt;
/// - a handler fails by its own doing only, never by that of its twin; a job that kills its workers is stopped;
/// - what is bounded stays within its bounds.
final class Ledger {
    struct Record {
        var client: Int
        var behaviour: SimulationPlan.Behaviour
        var key: String?
        var id: JobID?
        var committed: Reply?
        var completion: ClientMachine.Completion?
        /// Its process died, so nobody is left to be told.
        var isOrphan = false
    }

    unowned var world: Simulation!
    private(set) var violation: String?
    private(set) var tally: [String: Int] = [:]
    private(set) var submitted = 0
    private(set) var openHandles = 0
    private var records: [Record] = []
    private var recordOf: [JobID: Int] = [:]
    /// REQUESTs by sender and job, and how often each job killed a worker.
    private var requests: [String: Int] = [:]
    private var kills: [JobID: Int] = [:]

    func fail(_ message: String) {
        if self.violation == nil { self.violation = message }
    }

    func count(_ what: String) {
        self.tally[what, default: 0] += 1
    }

    // MARK: What clients are told

    /// A job is submitted; the answer names it from now on.
    func submit(_ job: SimulationPlan.PlannedJob) -> Int {
        self.submitted += 1
        self.openHandles += 1
        self.records.append(Record(client: job.client, behaviour: job.behaviour, key: job.key))
        return self.records.count - 1
    }

    /// A job could not even be submitted: its process is down.
    func skip() {
        self.submitted += 1
    }

    func identify(_ record: Int, _ id: JobID) {
        if self.recordOf[id] != nil { self.fail("the id \(id) was given twice") }
        self.records[record].id = id
        self.recordOf[id] = record
    }

    func orphan(_ record: Int) {
        guard self.records[record].completion == nil, !self.records[record].isOrphan else { return }
        self.records[record].isOrphan = true
        self.openHandles -= 1
        self.count("orphaned")
    }

    func committed(_ record: Int, _ reply: Reply, knowing epoch: Epoch?) {
        if self.records[record].committed != nil { self.fail("\(reply.id) was told as committed twice") }
        self.records[record].committed = reply
        self.checkReceipt(reply)
        self.checkPresent(reply, knowing: epoch)
    }

    func complete(_ record: Int, _ completion: ClientMachine.Completion, seenBy client: SimulatedClient) {
        if self.records[record].completion != nil { return self.fail("a handle ended twice") }
        self.records[record].completion = completion
        self.openHandles -= 1
        let id = self.records[record].id
        switch completion {
        case .visible(let reply):
            self.count("visible")
            self.checkCommitted(record, reply)
            self.checkPresent(reply, knowing: client.epoch)
            client.checkVisible(reply.id)
        case .notVisible(let reply, _):
            self.count("not visible")
            self.checkCommitted(record, reply)
        case .settled(let reply):
            self.count(reply.outcome.rawValue)
            self.checkReceipt(reply)
            self.checkPresent(reply, knowing: client.epoch)
            if reply.outcome == .committed { self.fail("\(reply.id) was settled as committed without its visibility") }
            if self.records[record].committed != nil, reply.outcome != .lost {
                self.fail("\(reply.id) was told as committed, then as \(reply.outcome)")
            }
            self.checkNoEffect(reply.id, told: reply.outcome.rawValue)
        case .refused(let refused):
            self.count("refused \(refused.code.rawValue)")
            self.checkNoEffect(refused.id, told: "refused (\(refused.code.rawValue))")
        case .neverSent:
            self.count("never sent")
            if let id { self.checkNoEffect(id, told: "never sent") }
        case .undecided:
            self.count("undecided")
        case .rejected:
            self.count("rejected")
            if let id { self.checkNoEffect(id, told: "rejected") }
        case .answered, .regionJobEnded:
            self.fail("a write job ended as a region job")
        }
        if self.world.plan.isCalm { self.checkCalm(record, completion) }
    }

    private func checkCommitted(_ record: Int, _ reply: Reply) {
        guard let told = self.records[record].committed else {
            return self.fail("\(reply.id) is visible, but nobody said that it committed")
        }
        if told.outcome != .committed { self.fail("\(reply.id) was told as committed with the outcome \(told.outcome)") }
        self.checkReceipt(reply)
    }

    /// The receipt of an answer stands in the history of its token, at or before the token's position.
    private func checkReceipt(_ reply: Reply) {
        guard let history = self.world.database.history(of: reply.token.epoch) else {
            return self.fail("the token of \(reply.id) names an epoch that nobody began")
        }
        guard let (receipt, end) = history.receipt(of: reply.id) else {
            return self.fail("\(reply.id) was told as \(reply.outcome) without a receipt in \(reply.token.epoch)")
        }
        if receipt.outcome != reply.outcome {
            self.fail("\(reply.id) was told as \(reply.outcome), but its receipt says \(receipt.outcome)")
        }
        if reply.token.lsn > history.flushed {
            self.fail("the token of \(reply.id) is \(reply.token.lsn), but only \(history.flushed) is flushed")
        }
        if end > reply.token.lsn { self.fail("the token of \(reply.id) is \(reply.token.lsn), but its receipt ends at \(end)") }
    }

    /// Whoever knows of the newest history is told of nothing that is not in it. (Who has not heard of a failover yet may be told what it has
    /// lost; correctness.md, rule 17.)
    private func checkPresent(_ reply: Reply, knowing epoch: Epoch?) {
        let primary = self.world.database.primary
        guard let epoch, epoch == primary.epoch else { return }
        if primary.receipt(of: reply.id)?.receipt.outcome != reply.outcome {
            self.fail("\(reply.id) was told as \(reply.outcome) by somebody who knew of a failover that had lost it")
        }
    }

    private func checkNoEffect(_ id: JobID, told: String) {
        if let (receipt, _) = self.world.database.primary.receipt(of: id), receipt.outcome == .committed {
            self.fail("\(id) was told as \(told), but it has committed")
        }
    }

    /// In calm weather everybody hears what the handler did, and nothing else.
    private func checkCalm(_ record: Int, _ completion: ClientMachine.Completion) {
        let outcome: Outcome? =
            switch completion {
            case .visible: .committed
            case .settled(let reply): reply.outcome
            default: nil
            }
        // Another job's answer, then.
        if self.records[record].key != nil { return }
        let isExpected =
            switch self.records[record].behaviour {
            case .returns, .impatient: outcome == .committed
            case .fails, .deferredConstraint, .swallows: outcome == .failed
            case .deadly: outcome != .committed && outcome != .failed
            case .moody, .slow, .crowded: outcome == .committed || outcome == .failed || self.isUnavailable(completion)
            }
        if !isExpected { self.fail("nothing went wrong, and yet a job that \(self.records[record].behaviour) ended otherwise") }
    }

    private func isUnavailable(_ completion: ClientMachine.Completion) -> Bool {
        switch completion {
        case .settled, .visible, .notVisible: false
        // Its transaction was ended by the server as often as it was tried.
        case .refused, .neverSent, .undecided, .rejected: true
        case .answered, .regionJobEnded: false
        }
    }

    // MARK: What databases do

    /// A transaction is durable in the history that counts.
    func stored(_ writes: WALRecord.Writes, before: Receipt?) {
        if let id = writes.effect { self.checkEffect(of: id, writes) }
        guard let receipt = writes.receipt else { return }
        let id = receipt.id
        if let before { self.fail("\(id) has two receipts: \(before.outcome), then \(receipt.outcome)") }
        guard let index = self.recordOf[id] else { return }
        self.checkCause(receipt, self.records[index].behaviour)
        guard let completion = self.records[index].completion, receipt.outcome == .committed else { return }
        switch completion {
        case .visible, .notVisible, .undecided: break
        case .settled(let reply): self.fail("\(id) was told as \(reply.outcome), and committed afterwards")
        case .refused(let refused): self.fail("\(id) was told as refused (\(refused.code.rawValue)), and committed afterwards")
        case .neverSent: self.fail("\(id) was told as never sent, and committed afterwards")
        case .rejected: self.fail("\(id) was told as rejected, and committed afterwards")
        case .answered, .regionJobEnded: self.fail("\(id) was told as a region job, and committed afterwards")
        }
    }

    /// Exactly once, by id and by key, and never without its receipt.
    private func checkEffect(of id: JobID, _ writes: WALRecord.Writes) {
        if writes.receipt?.id != id || writes.receipt?.outcome != .committed {
            self.fail("an effect of \(id) has committed without its receipt")
        }
        let effects = self.world.database.primary.effects
        if effects.count(where: { $0 == id }) > 1 { self.fail("\(id) has taken effect twice") }
        let sharing = self.sharing(id)
        if sharing.count > 1, let other = effects.first(where: { $0 != id && sharing.contains($0) }) {
            self.fail("\(id) and \(other) have the same key, and both took effect")
        }
    }

    /// Whether the handler's script can have led to what the receipt says.
    private func checkCause(_ receipt: Receipt, _ behaviour: SimulationPlan.Behaviour) {
        switch (behaviour, receipt.outcome) {
        case (.returns, .failed), (.slow, .failed), (.impatient, .failed), (.crowded, .failed):
            guard receipt.failure?.code == JobError.Code.handlerFailed.description else { return }
            self.fail("\(receipt.id) failed, although its handler, \(behaviour), fails only if its twin gets in its way")
        case (.fails, .committed), (.deferredConstraint, .committed), (.swallows, .committed), (.deadly, .committed):
            // A job under a taken key says what the other one's receipt says.
            if self.sharing(receipt.id).count < 2 { self.fail("\(receipt.id) committed, although its handler, \(behaviour), cannot") }
        default: break
        }
    }

    // MARK: Copies

    /// A message was handed over: whoever sends a REQUEST again marks it, unless the copy before was handed back unrun.
    func sent(_ message: Message, by sender: SimulatedProcess) {
        switch message {
        case .request(let request):
            let name = "\(sender.name) \(sender.life) \(request.job.id)"
            let count = self.requests[name, default: 0]
            self.requests[name] = count + 1
            if count > 0, !request.redelivered { self.fail("\(sender.name) sends \(request.job.id) again and does not say so") }
        case .refused(let refused) where refused.code == .drained:
            for broker in self.world.brokers { self.requests["\(broker.name) \(broker.life) \(refused.id)"] = nil }
        default: break
        }
    }

    /// A REQUEST came to a broker: what that sends on is a copy of its own.
    func received(_ request: Request, at broker: SimulatedBroker) {
        self.requests["\(broker.name) \(broker.life) \(request.job.id)"] = nil
    }

    /// A handler begins to run.
    ///
    /// - Parameter sawReceipt: its copy was marked as redelivered, and the job's receipt was there to be seen when its transaction began.
    func handlerRuns(_ id: JobID, sawReceipt: Bool) {
        self.count("handler runs")
        if sawReceipt { self.fail("a redelivered copy of \(id) runs its handler, although its receipt was there") }
    }

    /// A job has killed the worker that ran it.
    func killed(_ id: JobID) {
        self.kills[id, default: 0] += 1
        self.count("killed its worker")
        if self.kills[id, default: 0] > Self.maximumKills { self.fail("\(id) has killed \(Self.maximumKills + 1) workers") }
    }

    /// Poisoned after five, as far as brokers remember; each of them that dies forgets some.
    private static let maximumKills = 12

    // MARK: Reads

    /// What everybody must be able to read who asks the primary. Nothing, where a primary that does not know that it is none may answer.
    var committedForAll: Set<JobID> {
        guard self.world.database.promotions == 0 else { return [] }
        return Set(self.records.compactMap { $0.committed?.id })
    }

    /// Whether a job's effect is there, or that of another one which took it for both.
    func isShown(_ id: JobID, in effects: some Sequence<JobID>) -> Bool {
        let sharing = self.sharing(id)
        return effects.contains { $0 == id || sharing.contains($0) }
    }

    /// All jobs with the key of this one; none if it has none.
    private func sharing(_ id: JobID) -> Set<JobID> {
        guard let key = self.recordOf[id].flatMap({ self.records[$0].key }) else { return [] }
        return Set(self.records.lazy.filter { $0.key == key }.compactMap(\.id))
    }

    func readEnds(_ how: String, isFailure: Bool) {
        self.count(how)
        if isFailure, self.world.plan.isCalm { self.fail("nothing went wrong, and yet a \(how)") }
    }

    // MARK: The end

    func finish() {
        guard self.violation == nil else { return }
        for (index, record) in self.records.enumerated() where record.completion == nil && !record.isOrphan {
            self.fail("the handle of job \(index) (\(record.id.map(\.description) ?? "no id")) never ended")
        }
    }
}
