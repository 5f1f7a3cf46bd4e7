import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

/// A primary as far as jobs can tell: a log, transactions that hold locks and uncommitted rows, and commits that are durable before they are
/// visible.
final class ModelServer {
    unowned let world: Simulation
    let name: String
    let timeline: UInt32
    private(set) var log: [WALRecord]
    private(set) var isUp = true
    /// It is the primary whose history counts. Another one may live on and not know.
    var isAuthoritative = true

    /// How far its wall clock is off, in milliseconds: little as a rule, and more than the schema's `clock_skew` now and then.
    private let clockOffset: Int64

    private(set) var epoch: Epoch?
    /// What every new snapshot sees.
    private(set) var visible: [JobID: Receipt] = [:]
    private var durable: [JobID: (receipt: Receipt, end: LSN)] = [:]
    /// Who took which key.
    private var keys: [String: KeyHolder] = [:]
    private var visibleKeys: [String: KeyHolder] = [:]
    /// WAL that is inserted and not flushed: another session's, or the header of a page. It is flushed with the next record, not before.
    private var unflushed: UInt64 = 0
    var locks = ModelLocks()
    private(set) var sessions: [ModelSession] = []
    private var sessionCount = 0
    private var occupiedUntil = MonotonicInstant.zero

    init(world: Simulation, name: String, timeline: UInt32, log: [WALRecord]) {
        self.world = world
        self.name = name
        self.timeline = timeline
        self.log = log
        let isOff = timeline > 1 && world.chance(0.05)
        self.clockOffset = timeline == 1 ? 0 : Int64(isOff ? world.draw(-90_000...90_000) : world.draw(-2000...2000))
        for record in log {
            guard case .transaction(let writes) = record.content else { continue }
            self.note(writes, end: record.end)
        }
        self.visible = self.durable.mapValues(\.receipt)
        self.visibleKeys = self.keys
    }

    /// What its wall clock says.
    var unixMilliseconds: Int64 { self.world.unixMilliseconds + self.clockOffset }

    // MARK: Log

    var flushed: LSN { self.log.last?.end ?? LSN(rawValue: 0x100_0000) }

    /// The end of what is inserted, which may not be flushed.
    var inserted: LSN { LSN(rawValue: self.flushed.rawValue + self.unflushed) }

    /// The receipt of a job, once it is durable.
    func receipt(of id: JobID) -> (receipt: Receipt, end: LSN)? {
        self.durable[id]
    }

    /// The jobs that took effect, each as often as it did.
    var effects: [JobID] {
        self.log.compactMap { if case .transaction(let writes) = $0.content { writes.effect } else { nil } }
    }

    func visibleHolder(of key: String) -> KeyHolder? { self.visibleKeys[key] }

    func isTaken(_ lock: ModelLocks.Name) -> Bool {
        switch lock {
        case .receipt(let id): self.durable[id] != nil
        case .key(let key): self.keys[key] != nil
        case .advisory, .row: false
        }
    }

    @discardableResult
    private func append(_ content: WALRecord.Content) -> LSN {
        let end = LSN(rawValue: self.inserted.rawValue + UInt64(self.world.draw(40...400)))
        self.log.append(WALRecord(end: end, content: content))
        self.unflushed = self.world.chance(0.15) ? UInt64(self.world.draw(24...200)) : 0
        return end
    }

    func appendNoise() {
        if self.isUp { self.append(.noise) }
    }

    /// The epoch of this history; the first who asks begins it, and whoever knows of a later position begins another one (`EpochStore.establish`).
    func establishEpoch(known: CausalToken?) -> Epoch {
        if let epoch = self.epoch {
            guard let known, known.epoch == epoch, self.flushed < known.lsn else { return epoch }
            self.world.ledger.count("restored backup found")
            return self.begin(restoreCounter: epoch.restoreCounter + 1, random: epoch.random)
        }
        return self.begin(restoreCounter: 0, random: self.world.random.next())
    }

    private func begin(restoreCounter: UInt32, random: UInt64) -> Epoch {
        let epoch = Epoch(
            systemIdentifier: ModelCluster.systemIdentifier, timeline: self.timeline, restoreCounter: restoreCounter, random: random)
        self.append(.epoch(epoch))
        self.epoch = epoch
        self.world.database.began(epoch, on: self)
        self.world.trace(self.name, "begins \(epoch)")
        return epoch
    }

    // MARK: Life

    /// A crash: open transactions are gone, sessions too; what was durable is visible afterwards.
    func stop() {
        guard self.isUp else { return }
        self.isUp = false
        let sessions = self.sessions
        self.sessions = []
        self.locks = ModelLocks()
        self.unflushed = 0
        for session in sessions { session.die() }
    }

    func start() {
        self.isUp = true
        for (id, stored) in self.durable { self.visible[id] = stored.receipt }
        self.visibleKeys = self.keys
        self.world.trace(self.name, "is up")
    }

    /// 53300: too many connections.
    func occupy(for duration: Duration) {
        self.occupiedUntil = max(self.occupiedUntil, self.world.now + duration)
    }

    func connect() -> ModelSession? {
        guard self.isUp else { return nil }
        guard self.occupiedUntil <= self.world.now else {
            self.world.ledger.count("too many connections")
            return nil
        }
        self.sessionCount += 1
        let session = ModelSession(server: self, number: self.sessionCount)
        self.sessions.append(session)
        return session
    }

    func forget(_ session: ModelSession) {
        self.sessions.removeAll { $0 === session }
    }

    // MARK: What transactions do

    /// The commit record is written and flushed.
    func makeDurable(_ writes: WALRecord.Writes) {
        let before = writes.receipt.flatMap { self.durable[$0.id]?.receipt }
        let end = self.append(.transaction(writes))
        self.note(writes, end: end)
        let what = writes.receipt.map { "\($0.id.short) is \($0.outcome)" } ?? "a transaction without a receipt is"
        self.world.trace(self.name, "\(what), durable at \(end)\(writes.effect == nil ? "" : ", with effect")")
        if self.isAuthoritative { self.world.ledger.stored(writes, before: before) }
    }

    private func note(_ writes: WALRecord.Writes, end: LSN) {
        guard let receipt = writes.receipt else { return }
        if self.durable[receipt.id] == nil { self.durable[receipt.id] = (receipt, end) }
        if let key = writes.key, let claim = receipt.claim, self.keys[key] == nil {
            var stored = receipt
            stored.claim = nil
            self.keys[key] = KeyHolder(jobName: receipt.job.name, fingerprint: claim.fingerprint, receipt: stored)
        }
    }

    /// Everybody sees the commit, and its transaction has ended.
    func makeVisible(_ writes: WALRecord.Writes) {
        if let receipt = writes.receipt, self.visible[receipt.id] == nil {
            var stored = receipt
            stored.claim = nil
            self.visible[receipt.id] = stored
        }
        if let key = writes.key, self.visibleKeys[key] == nil { self.visibleKeys[key] = self.keys[key] }
    }
}

extension JobID {
    /// For traces.
    var short: String { "job " + self.description.suffix(6) }
}
