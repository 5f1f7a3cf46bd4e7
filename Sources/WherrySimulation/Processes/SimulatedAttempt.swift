import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire
import WherryWorker

/// The shell of a job attempt: what the job runner is in a real worker.
final class SimulatedAttempt {
    let job: JobIdentity
    let isFence: Bool
    private unowned let worker: SimulatedWorker
    private unowned let world: Simulation
    private var machine: JobAttempt
    private let epoch: Epoch?
    private let behaviour: SimulationPlan.Behaviour
    private var session: ModelSession?
    private var flight: JobFlight?
    /// Whether the handler of this attempt fails at COMMIT.
    private var isDeferredFailure = false
    private var firstFailure: PostgresError?
    private var isOver = false
    private var isHandling = false
    private var isDrained = false

    init(_ machine: JobAttempt, worker: SimulatedWorker, job: JobIdentity, epoch: Epoch?, isFence: Bool) {
        self.machine = machine
        self.worker = worker
        self.world = worker.world
        self.job = job
        self.epoch = epoch
        self.isFence = isFence
        self.behaviour = SimulationPlan.Behaviour.allCases[Int(job.digest[0]) % SimulationPlan.Behaviour.allCases.count]
    }

    func start() {
        self.carryOut(self.machine.start(now: self.world.now))
    }

    /// Its process has died.
    func abandon() {
        self.isOver = true
        self.session?.abandon()
        self.session = nil
    }

    /// The worker's patience is over. As in the job runner, a flight that is under way is waited for.
    func drain() {
        self.isDrained = true
        if self.isHandling { return self.handlerEnded(.drained) }
        if self.flight == nil, self.session == nil { self.handle(.drained) }
    }

    /// The job's caller gave it up: a handler that runs is cancelled, and nothing else is.
    func stop() {
        if self.isHandling { self.handlerEnded(.stopped(.cancelled, "its caller gave it up")) }
    }

    private func handle(_ event: JobAttempt.Event) {
        guard !self.isOver, self.worker.isUp else { return }
        self.carryOut(self.machine.handle(event, now: self.world.now))
    }

    private func carryOut(_ actions: [JobAttempt.Action]) {
        for action in actions { self.carryOut(action) }
    }

    private func carryOut(_ action: JobAttempt.Action) {
        switch action {
        case .lease(let until):
            self.lease(until: min(until, self.world.now + .seconds(5)))
        case .fly(let flight):
            self.fly(flight)
        case .runHandler:
            self.runHandler()
        case .giveBack:
            self.session?.onDeath = nil
            self.session?.abandon()
            self.session = nil
        case .wait(let duration):
            self.worker.after(duration) { self.handle(self.isDrained ? .drained : .waited) }
        case .establishEpoch:
            let server = self.worker.database
            self.worker.after(.milliseconds(2)) {
                self.handle(
                    server.isUp ? .epochEstablished(server.establishEpoch()) : .epochFailed(ModelSession.lost("connection refused")))
            }
        case .end(let end):
            self.isOver = true
            self.worker.ended(self, end)
        }
    }

    // MARK: Connections

    private func lease(until: MonotonicInstant) {
        self.worker.after(self.world.drawDuration(.microseconds(100), .milliseconds(4))) {
            guard !self.isOver else { return }
            if self.isDrained { return self.handle(.drained) }
            if let session = self.worker.database.connect() {
                self.session = session
                session.onDeath = { [weak self] in self?.connectionDied() }
                self.handle(.leased)
            } else if self.world.now >= until {
                self.handle(.leaseFailed(PostgresError(.acquireTimeout, "no connection in time")))
            } else {
                self.worker.after(.milliseconds(150)) { self.lease(until: until) }
            }
        }
    }

    private func connectionDied() {
        let life = self.worker.life
        self.worker.deliver(life: life) {
            self.firstFailure = self.firstFailure ?? ModelSession.lost("the connection is gone")
            self.landLost()
        }
    }

    private func fly(_ flight: JobFlight) {
        self.flight = flight
        guard let session = self.session, session.isAlive, let epoch = self.epoch else {
            return self.worker.after(.microseconds(100)) { self.landLost() }
        }
        let life = self.worker.life
        session.fly(flight, job: self.job.id, epoch: epoch, deferredFailure: self.isDeferredFailure) { outcome in
            self.worker.deliver(life: life) {
                guard self.flight == flight else { return }
                self.land(outcome)
            }
        }
    }

    private func land(_ outcome: JobFlight.Outcome) {
        let flight = self.flight
        self.flight = nil
        self.world.trace(self.worker.name, "\(self.job.id.short) \(self.isFence ? "fence " : "")\(Self.summary(of: outcome))")
        self.count(outcome, of: flight)
        self.handle(.flown(outcome))
    }

    /// What must have happened somewhere among many seeds, for them to be worth their time.
    private func count(_ outcome: JobFlight.Outcome, of flight: JobFlight?) {
        let ledger = self.world.ledger
        switch outcome {
        case .opened(let opened) where opened.hasReceipt: ledger.count("redelivered, had its receipt")
        case .opened(let opened) where !opened.locked: ledger.count("met its twin")
        case .failed(.receipt, let error) where error.sqlState == .uniqueViolation: ledger.count("met a receipt at its end")
        case .failed(_, let error) where error.sqlState == Judgement.Raised.otherEpoch: ledger.count("met another epoch")
        case .failed(_, let error) where error.isConnectionLost:
            if case .commit = flight { ledger.count("commit in doubt") } else { ledger.count("connection lost") }
        default: break
        }
    }

    /// The connection died before the answer, or all of it, had come.
    private func landLost() {
        guard let flight = self.flight else { return }
        let error = ModelSession.lost("the connection is gone")
        switch flight {
        case .open: self.land(.failed(.open, error))
        case .commit(let receipt, _):
            if self.world.mutation == .failsWhatIsInDoubt { return self.tellFailure(receipt) }
            self.land(.failed([.restore, .receipt, .commit][self.world.draw(0...2)], error))
        case .store: self.land(.failed([.open, .receipt, .commit][self.world.draw(0...2)], error))
        case .lookUp: self.land(.failed(.lookUp, error))
        case .rollBack: self.land(.failed(.rollBack, error))
        }
    }

    // MARK: Handlers

    private func runHandler() {
        self.isHandling = true
        self.firstFailure = nil
        self.isDeferredFailure = self.behaviour == .deferredConstraint
        self.worker.step(.handlerStarted(self.job.id))
        guard self.worker.isUp, !self.isOver else { return }
        let longest: Duration = self.behaviour == .slow ? .seconds(6) : .milliseconds(900)
        let half = self.world.drawDuration(.milliseconds(1), longest) / 2
        self.worker.after(half) {
            self.session?.write()
            self.worker.after(half) {
                guard self.isHandling else { return }
                self.endHandler()
            }
        }
    }

    private func endHandler() {
        if self.behaviour == .moody, self.world.chance(0.2), self.firstFailure == nil {
            self.firstFailure = ModelSession.raised(.serializationFailure, "could not serialize access")
            return self.handlerEnded(.threw(HandlerFailure(code: .handlerFailed, message: "wraps a 40001")))
        }
        let fails = self.behaviour == .fails || self.behaviour == .moody && self.world.chance(0.5)
        if fails, self.world.mutation == .tellsFailureWithoutReceipt {
            return self.tellFailure(HandlerFailure(code: .handlerFailed, message: "").makeReceipt(job: self.job, attempts: 0))
        }
        self.handlerEnded(fails ? .threw(HandlerFailure(code: .handlerFailed, message: "as its behaviour says")) : .returned([0x31]))
    }

    private func handlerEnded(_ result: JobAttempt.HandlerEnd.Result) {
        self.isHandling = false
        self.handle(.handlerEnded(JobAttempt.HandlerEnd(result, firstFailure: self.firstFailure)))
    }

    // MARK: Mutations

    /// Ends the attempt as failed, without a receipt.
    private func tellFailure(_ receipt: Receipt) {
        guard !self.isOver, let epoch = self.epoch else { return }
        self.isOver = true
        self.session?.abandon()
        var told = receipt
        told.outcome = .failed
        let token = CausalToken(epoch: epoch, lsn: self.worker.database.flushed)
        self.worker.ended(self, .reply(told.makeReply(token: token, stored: false, timings: [:])))
    }

    private static func summary(of outcome: JobFlight.Outcome) -> String {
        switch outcome {
        case .opened(let opened): opened.hasReceipt ? "has a receipt" : opened.locked ? "begins" : "has a twin"
        case .stored(let position): "stored, \(position.map(\.description) ?? "position lost")"
        case .lookedUp(let receipt, let position): "looked up: \(receipt?.outcome.rawValue ?? "nothing") at \(position)"
        case .keyTaken(let holder, let position): "key taken by \(holder.receipt.id) at \(position)"
        case .rolledBack: "rolled back"
        case .notCommitted: "not committed"
        case .failed(let step, let error): "failed at \(step): \(error.sqlState?.description ?? error.code.description)"
        }
    }
}
