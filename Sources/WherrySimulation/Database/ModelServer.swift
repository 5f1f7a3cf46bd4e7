import WherryCore
import WherryJobs
import WherryWire

/// A primary as far as jobs can tell: a log, transactions that hold locks and uncommitted receipts, and commits that are durable before they
/// are visible.
final class ModelServer {
    unowned let world: Simulation
    let name: String
    let timeline: UInt32
    private(set) var log: [WALRecord]
    private(set) var isUp = true
    /// It is the primary whose history counts. Another one may live on and not know.
    var isAuthoritative = true

    private(set) var epoch: Epoch?
    /// What every new snapshot sees.
    private(set) var visible: [JobID: Receipt] = [:]
    private var durable: [JobID: (receipt: Receipt, end: LSN)] = [:]
    private var locks: [JobID: ModelSession] = [:]
    /// Uncommitted inserts, and who waits for their end.
    private var inserting: [JobID: ModelSession] = [:]
    private var waiting: [JobID: [() -> Void]] = [:]
    private(set) var sessions: [ModelSession] = []
    private var sessionCount = 0

    init(world: Simulation, name: String, timeline: UInt32, log: [WALRecord]) {
        self.world = world
        self.name = name
        self.timeline = timeline
        self.log = log
        for record in log {
            guard case .receipt(let receipt, _) = record.content else { continue }
            self.visible[receipt.id] = receipt
            self.durable[receipt.id] = (receipt, record.end)
        }
    }

    // MARK: Log

    var flushed: LSN { self.log.last?.end ?? LSN(rawValue: 0x100_0000) }

    /// The receipt of a job, once it is durable.
    func receipt(of id: JobID) -> (receipt: Receipt, end: LSN)? {
        self.durable[id]
    }

    @discardableResult
    private func append(_ content: WALRecord.Content) -> LSN {
        let end = LSN(rawValue: self.flushed.rawValue + UInt64(self.world.draw(40...400)))
        self.log.append(WALRecord(end: end, content: content))
        return end
    }

    func appendNoise() {
        if self.isUp { self.append(.noise) }
    }

    /// The epoch of this history; the first who asks begins it.
    func establishEpoch() -> Epoch {
        if let epoch = self.epoch { return epoch }
        let epoch = Epoch(
            systemIdentifier: ModelCluster.systemIdentifier, timeline: self.timeline, restoreCounter: 0, random: self.world.random.next())
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
        for session in self.sessions { session.die() }
        self.sessions = []
        self.locks = [:]
        self.inserting = [:]
        self.waiting = [:]
    }

    func start() {
        self.isUp = true
        for (id, stored) in self.durable { self.visible[id] = stored.receipt }
        self.world.trace(self.name, "is up")
    }

    func connect() -> ModelSession? {
        guard self.isUp else { return nil }
        self.sessionCount += 1
        let session = ModelSession(server: self, number: self.sessionCount)
        self.sessions.append(session)
        return session
    }

    func forget(_ session: ModelSession) {
        self.sessions.removeAll { $0 === session }
    }

    // MARK: What sessions do

    func tryLock(_ id: JobID, _ session: ModelSession) -> Bool {
        guard self.locks[id] == nil else { return false }
        self.locks[id] = session
        return true
    }

    /// A plain insert: waits for whoever is inserting the same id, then says whether the id was free.
    func insert(_ receipt: Receipt, _ session: ModelSession, then: @escaping (_ isFree: Bool) -> Void) {
        let id = receipt.id
        if self.world.mutation == .receiptsDoNotConflict { return then(true) }
        if self.inserting[id] != nil {
            self.waiting[id, default: []].append { [weak self, weak session] in
                guard let self, let session, session.isAlive else { return }
                self.insert(receipt, session, then: then)
            }
            return
        }
        // Unique means among all that is committed, whatever a snapshot shows.
        guard self.durable[id] == nil else { return then(false) }
        self.inserting[id] = session
        then(true)
    }

    /// The commit record is written and flushed.
    func makeDurable(_ receipt: Receipt, hasEffect: Bool) {
        let before = self.durable[receipt.id]?.receipt
        let end = self.append(.receipt(receipt, hasEffect: hasEffect))
        if before == nil { self.durable[receipt.id] = (receipt, end) }
        self.world.trace(self.name, "\(receipt.id.short) is \(receipt.outcome), durable at \(end)")
        if self.isAuthoritative { self.world.ledger.stored(receipt, before: before) }
    }

    /// Everybody sees the commit, and its transaction has ended.
    func makeVisible(_ receipt: Receipt) {
        if self.visible[receipt.id] == nil { self.visible[receipt.id] = receipt }
    }

    /// A transaction has ended, either way.
    func release(_ session: ModelSession) {
        for (id, holder) in self.locks where holder === session { self.locks[id] = nil }
        let ended = self.inserting.filter { $0.value === session }.keys.sorted()
        for id in ended {
            self.inserting[id] = nil
            let waiting = self.waiting.removeValue(forKey: id) ?? []
            for resume in waiting { resume() }
        }
    }
}

extension JobID {
    /// For traces.
    var short: String { "job " + self.description.suffix(6) }
}
