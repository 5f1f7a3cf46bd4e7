import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

/// A backend: one connection's side in the server. It goes on alone with what it was told to do when its client dies.
final class ModelSession {
    /// An open transaction.
    private struct Work {
        var job: JobID
        var hasEffect = false
    }

    /// `idle_in_transaction_session_timeout`: HandlerOptions' default.
    private static let idleTimeout = Duration.milliseconds(2500)

    private unowned let server: ModelServer
    private unowned let world: Simulation
    let number: Int
    private(set) var isAlive = true
    private var work: Work?
    /// A flight is under way, so the session is not idle.
    private var isBusy = false
    /// Its client is gone: it ends as soon as it has nothing to do.
    private var isOrphan = false
    private var idleSince = 0
    /// Tells the client that its connection is gone.
    var onDeath: (() -> Void)?

    init(server: ModelServer, number: Int) {
        self.server = server
        self.world = server.world
        self.number = number
    }

    static func lost(_ message: String) -> PostgresError { PostgresError(.connectionLost, message) }

    static func raised(_ sqlState: SQLState, _ message: String) -> PostgresError {
        var error = PostgresError(.server, message)
        error.sqlState = sqlState
        return error
    }

    // MARK: Life

    /// The server is gone.
    func die() {
        guard self.isAlive else { return }
        self.isAlive = false
        self.work = nil
        self.tellClient()
    }

    private func tellClient() {
        guard !self.isOrphan, let onDeath = self.onDeath else { return }
        self.onDeath = nil
        self.world.after(self.world.drawDuration(.microseconds(200), .milliseconds(3))) { onDeath() }
    }

    /// The client closed its connection, or died. The server notices once the backend has nothing else to do.
    func abandon() {
        self.isOrphan = true
        if !self.isBusy { self.terminate() }
    }

    private func terminate() {
        guard self.isAlive else { return }
        self.isAlive = false
        self.work = nil
        self.server.release(self)
        self.server.forget(self)
        self.tellClient()
    }

    private func endTransaction() {
        self.work = nil
        self.server.release(self)
    }

    // MARK: Flights

    /// Carries out a flight. `answer` gets what the client would; it is not called if the connection dies first.
    func fly(_ flight: JobFlight, job: JobID, epoch: Epoch, deferredFailure: Bool, answer: @escaping (JobFlight.Outcome) -> Void) {
        self.isBusy = true
        self.idleSince += 1
        let done: (JobFlight.Outcome) -> Void = { [self] outcome in
            self.isBusy = false
            if self.isOrphan { return self.terminate() }
            self.watchIdleness()
            answer(outcome)
        }
        self.step { [self] in
            switch flight {
            case .open(let lookUp): done(self.open(job, epoch, lookUp: lookUp))
            case .commit(let receipt, _): self.commit(receipt, deferredFailure: deferredFailure, done)
            case .store(let receipt, let afterRollback):
                if afterRollback { self.endTransaction() }
                guard self.serves(epoch) else { return done(.failed(.open, Self.raised(Judgement.Raised.otherEpoch, "another epoch"))) }
                self.work = Work(job: job)
                self.commit(receipt, deferredFailure: false, done)
            case .lookUp(let afterRollback, _):
                if afterRollback { self.endTransaction() }
                guard self.serves(epoch) else { return done(.failed(.lookUp, Self.raised(Judgement.Raised.otherEpoch, "another epoch"))) }
                done(.lookedUp(self.server.visible[job], self.server.flushed))
            case .rollBack:
                self.endTransaction()
                done(.rolledBack)
            }
        }
    }

    private func serves(_ epoch: Epoch) -> Bool {
        self.world.mutation == .servesAnyEpoch || self.server.epoch == epoch
    }

    private func open(_ job: JobID, _ epoch: Epoch, lookUp: Bool) -> JobFlight.Outcome {
        if lookUp, self.server.visible[job] != nil {
            self.work = Work(job: job)
            return .opened(JobFlight.Opened(hasReceipt: true, locked: false, synchronousCommit: "on"))
        }
        self.work = Work(job: job)
        guard self.serves(epoch) else { return .failed(.open, Self.raised(Judgement.Raised.otherEpoch, "another epoch")) }
        let locked = self.server.tryLock(job, self)
        return .opened(JobFlight.Opened(hasReceipt: false, locked: locked, synchronousCommit: "on"))
    }

    /// What the handler writes.
    func write() {
        guard self.isAlive, self.work != nil else { return }
        self.idleSince += 1
        self.work?.hasEffect = true
        self.watchIdleness()
    }

    private func commit(_ receipt: Receipt, deferredFailure: Bool, _ done: @escaping (JobFlight.Outcome) -> Void) {
        guard let work = self.work else { return done(.failed(.receipt, Self.raised("25P01", "no transaction is open"))) }
        self.waitForInsert(receipt) { [self] error in
            if let error { return done(.failed(.receipt, error)) }
            if deferredFailure {
                self.endTransaction()
                return done(.failed(.commit, Self.raised(.uniqueViolation, "a deferred constraint")))
            }
            self.step { [self] in
                let early = self.server.flushed
                let hasEffect = work.hasEffect && receipt.outcome == .committed
                self.server.makeDurable(receipt, hasEffect: hasEffect)
                self.step { [self] in
                    self.server.makeVisible(receipt)
                    self.endTransaction()
                    if self.world.chance(0.02) {
                        // The connection dies after COMMIT was answered, before the position is.
                        done(.stored(nil))
                        return self.terminate()
                    }
                    done(.stored(self.world.mutation == .tokenBeforeCommit ? early : self.server.flushed))
                }
            }
        }
    }

    /// The insert, with `lock_timeout` (5 s).
    private func waitForInsert(_ receipt: Receipt, _ then: @escaping (PostgresError?) -> Void) {
        var isSettled = false
        self.server.insert(receipt, self) { isFree in
            guard !isSettled else { return }
            isSettled = true
            then(isFree ? nil : Self.raised(.uniqueViolation, "duplicate key"))
        }
        guard !isSettled else { return }
        self.world.after(.seconds(5)) { [self] in
            guard !isSettled, self.isAlive else { return }
            isSettled = true
            then(Self.raised(.lockNotAvailable, "canceling statement due to lock timeout"))
        }
    }

    // MARK: Time

    /// A step takes a moment, and does not happen if the server is gone by then.
    private func step(_ body: @escaping () -> Void) {
        self.world.after(self.world.drawDuration(.microseconds(100), .milliseconds(30))) { [self] in
            guard self.isAlive else { return }
            if self.world.chance(self.world.plan.brittleness) {
                self.world.trace(self.server.name, "session \(self.number) dies")
                self.terminate()
            } else {
                body()
            }
        }
    }

    private func watchIdleness() {
        self.idleSince += 1
        guard self.work != nil else { return }
        let mark = self.idleSince
        self.world.after(Self.idleTimeout) { [self] in
            guard self.isAlive, !self.isBusy, self.work != nil, self.idleSince == mark else { return }
            self.world.ledger.count("idle in transaction")
            self.world.trace(self.server.name, "ends session \(self.number): idle in transaction")
            self.terminate()
        }
    }
}
