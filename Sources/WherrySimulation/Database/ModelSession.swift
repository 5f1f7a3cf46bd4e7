import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

/// A backend: one connection's side in the server. It goes on alone with what it was told to do when its client dies.
final class ModelSession {
    /// An open transaction.
    struct Work {
        var writes = WALRecord.Writes()
        /// A statement failed: nothing goes any more but its end.
        var isFailed = false
        /// A constraint that is checked at COMMIT is broken.
        var breaksConstraint = false
        let beganAt: MonotonicInstant
    }

    /// A flight that is under way.
    struct Mission {
        let flight: JobFlight
        let parameters: JobFlight.Parameters
        let segments: [[SQL]]
        var answers: [[StatementOutcome]] = [[]]
        let answer: ([[StatementOutcome]]) -> Void
    }

    unowned let server: ModelServer
    unowned let world: Simulation
    let number: Int
    private(set) var isAlive = true
    var work: Work?
    var mission: Mission?
    /// Its client is gone: it ends as soon as it has nothing to do.
    private var isOrphan = false
    /// Does a statement of a handler's.
    private var isBusy = false
    private var idleSince = 0
    /// `idle_in_transaction_session_timeout`, as the last flight set it.
    private var idleTimeout = HandlerOptions().idleTimeout
    /// What it waits for, and in which order it came.
    private(set) var waitsFor: ModelLocks.Name?
    private(set) var waitingSince = 0
    /// Tells the client that its connection is gone, with what had been answered by then.
    var onDeath: (([[StatementOutcome]]) -> Void)?

    init(server: ModelServer, number: Int) {
        self.server = server
        self.world = server.world
        self.number = number
    }

    static func lost(_ message: String) -> PostgresError { PostgresError(.connectionLost, message) }

    static func raised(_ sqlState: SQLState, _ message: String, routine: String? = nil) -> PostgresError {
        var error = PostgresError(.server, message)
        error.sqlState = sqlState
        error.routine = routine
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

    /// The backend ends, the server goes on.
    func terminate() {
        guard self.isAlive else { return }
        self.isAlive = false
        self.work = nil
        self.server.forget(self)
        self.release()
        self.tellClient()
    }

    /// The client closed its connection, or died. The server notices once the backend has nothing else to do.
    func abandon() {
        self.isOrphan = true
        if self.mission == nil, !self.isBusy { self.terminate() }
    }

    private func tellClient() {
        guard !self.isOrphan, let onDeath = self.onDeath else { return }
        self.onDeath = nil
        let answers = self.answersOfTheDead()
        self.world.after(self.world.drawDuration(.microseconds(200), .milliseconds(3))) { onDeath(answers) }
    }

    /// What of the answers had arrived: those of whole segments count, and those up to a COMMIT; the rest is lost.
    private func answersOfTheDead() -> [[StatementOutcome]] {
        guard let mission = self.mission else { return [] }
        var answers = mission.answers
        if answers.last?.count != mission.segments[answers.count - 1].count, !self.endsWithCommit(mission) { answers.removeLast() }
        // The network may have kept the last ones.
        while !answers.isEmpty, self.world.chance(0.5) { answers.removeLast() }
        let lost = Self.lost("the connection is gone")
        return mission.segments.enumerated().map { index, segment in
            let answered = index < answers.count ? answers[index] : []
            return answered + segment.dropFirst(answered.count).map { _ in .lost(lost) }
        }
    }

    private func endsWithCommit(_ mission: Mission) -> Bool {
        guard let last = mission.answers.last?.last?.result?.commandTag else { return false }
        return last == "COMMIT" || last == "ROLLBACK"
    }

    func endTransaction() {
        self.work = nil
        self.release()
    }

    private func release() {
        self.waitsFor = nil
        for resume in self.server.locks.release(self) { resume() }
    }

    // MARK: Flights

    /// Carries out a flight, statement by statement. `answer` gets what the client would; it is not called if the connection dies first.
    func fly(
        _ flight: JobFlight, _ parameters: JobFlight.Parameters, _ segments: [[SQL]], answer: @escaping ([[StatementOutcome]]) -> Void
    ) {
        self.mission = Mission(flight: flight, parameters: parameters, segments: segments, answer: answer)
        self.idleSince += 1
        self.idleTimeout = parameters.options.idleTimeout
        self.step { self.proceed() }
    }

    /// The next statement of the flight, or its end.
    private func proceed() {
        guard let mission = self.mission, let answered = mission.answers.last?.count else { return }
        let segment = mission.segments[mission.answers.count - 1]
        guard answered < segment.count else {
            guard mission.answers.count < mission.segments.count else { return self.land(mission) }
            self.mission?.answers.append([])
            // Now and then the connection dies between two segments: after COMMIT was answered, before the position is.
            guard self.world.chance(0.01) else { return self.proceed() }
            return self.terminate()
        }
        let statement = segment[answered]
        self.carryOut(ModelStatement(statement.text), statement, mission) { [self] outcome in
            guard self.isAlive, let last = self.mission.map({ $0.answers.count - 1 }) else { return }
            self.mission?.answers[last].append(outcome)
            if case .failed = outcome {
                self.work?.isFailed = true
                let rest = segment.count - answered - 1
                self.mission?.answers[last] += Array(repeating: .skipped, count: rest)
            }
            self.proceed()
        }
    }

    private func land(_ mission: Mission) {
        self.mission = nil
        if self.isOrphan { return self.terminate() }
        self.watchIdleness()
        mission.answer(mission.answers)
    }

    // MARK: Waiting

    /// Takes a lock, with `lock_timeout` and `deadlock_timeout` (5 s and 1 s) while somebody else has it.
    func acquire(_ name: ModelLocks.Name, _ options: HandlerOptions, then: @escaping (PostgresError?) -> Void) {
        var isSettled = false
        func settle(_ error: PostgresError?) {
            guard !isSettled, self.isAlive else { return }
            isSettled = true
            self.waitsFor = nil
            self.server.locks.stopWaiting(self)
            then(error)
        }
        func attempt() {
            guard !isSettled, self.isAlive else { return }
            if self.server.locks.take(name, self) { return settle(nil) }
            self.server.locks.wait(for: name, self, resume: attempt)
        }
        self.waitingSince = self.world.nextNumber()
        self.waitsFor = name
        attempt()
        guard !isSettled else { return }
        self.world.ledger.count("waited for a lock")
        self.world.after(.seconds(1)) { [self] in
            guard !isSettled, self.isAlive, self.server.locks.isDeadlocked(self) else { return }
            self.world.ledger.count("deadlock")
            settle(Self.raised(.deadlockDetected, "deadlock detected"))
        }
        self.world.after(options.lockTimeout) {
            settle(Self.raised(.lockNotAvailable, "canceling statement due to lock timeout", routine: "ProcessInterrupts"))
        }
    }

    // MARK: Handlers

    /// A statement of the handler's. `then` is not called if the connection dies first.
    func perform(_ statement: HandlerStatement, of job: JobID, _ options: HandlerOptions, then: @escaping (PostgresError?) -> Void) {
        guard self.isAlive, self.work != nil else { return }
        self.isBusy = true
        self.idleSince += 1
        let done: (PostgresError?) -> Void = { [self] error in
            guard self.isAlive else { return }
            self.isBusy = false
            if error != nil { self.work?.isFailed = true }
            if self.isOrphan { return self.terminate() }
            self.watchIdleness()
            then(error)
        }
        self.step { [self] in
            if self.work?.isFailed ?? true { return done(Self.raised(.inFailedTransaction, "current transaction is aborted")) }
            switch statement {
            case .write:
                self.work?.writes.effect = job
                done(nil)
            case .writeDeferred:
                self.work?.writes.effect = job
                self.work?.breaksConstraint = true
                done(nil)
            case .lock(let row): self.acquire(.row(row), options, then: done)
            case .lockAtOnce(let row):
                let isFree = self.server.locks.take(.row(row), self)
                done(isFree ? nil : Self.raised(.lockNotAvailable, "could not obtain lock on row", routine: "heap_lock_tuple"))
            case .fail(let sqlState): done(Self.raised(sqlState, "as its script says"))
            }
        }
    }

    // MARK: Time

    /// A step takes a moment, and does not happen if the server is gone by then.
    func step(_ body: @escaping () -> Void) {
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
        self.world.after(self.idleTimeout) { [self] in
            guard self.isAlive, self.mission == nil, !self.isBusy, self.work != nil, self.idleSince == mark else { return }
            self.world.ledger.count("idle in transaction")
            self.world.trace(self.server.name, "ends session \(self.number): idle in transaction")
            self.terminate()
        }
    }
}
