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
    private let key: JobKey?
    private let epoch: Epoch?
    /// Another copy may be out, as far as whoever sent this one knows.
    private let isRedelivered: Bool
    private let script: HandlerScript
    private let options: HandlerOptions
    private var session: ModelSession?
    private var flight: (flight: JobFlight, parameters: JobFlight.Parameters, segments: [[SQL]])?
    /// What waits for the answer to a statement of the handler's.
    private var statement: ((PostgresError?) -> Void)?
    private var firstFailure: PostgresError?
    /// Its copy is marked as redelivered, and the receipt was there when its transaction was begun.
    private var sawReceipt = false
    private var isOver = false
    private var isHandling = false
    private var isDrained = false

    init(_ request: Request, receivedAt: MonotonicInstant, worker: SimulatedWorker) {
        self.machine = JobAttempt(request: request, receivedAt: receivedAt, seed: worker.world.random.next())
        self.worker = worker
        self.world = worker.world
        self.job = request.job
        self.key = request.key
        self.epoch = request.epoch
        self.isRedelivered = request.redelivered
        self.isFence = false
        self.options = HandlerOptions()
        self.script = HandlerScript(SimulationPlan.Behaviour(of: request.job), job: request.job.id)
    }

    init(_ fence: Fence, receivedAt: MonotonicInstant, worker: SimulatedWorker) {
        let patience = Duration.seconds(5)
        self.machine = JobAttempt(fence: fence, receivedAt: receivedAt, patience: patience, seed: worker.world.random.next())
        self.worker = worker
        self.world = worker.world
        self.job = fence.job
        self.key = nil
        self.epoch = fence.epoch
        self.isRedelivered = false
        self.isFence = true
        self.options = HandlerOptions(timeout: patience, lockTimeout: patience)
        self.script = HandlerScript(.returns, job: fence.job.id)
    }

    func start() {
        self.carryOut(self.machine.start(now: self.worker.now))
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
        self.carryOut(self.machine.handle(event, now: self.worker.now))
    }

    private func carryOut(_ actions: [JobAttempt.Action]) {
        for action in actions { self.carryOut(action) }
    }

    private func carryOut(_ action: JobAttempt.Action) {
        switch action {
        case .lease(let until):
            self.lease(until: min(until, self.worker.now + .seconds(5)))
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
                    server.isUp
                        ? .epochEstablished(server.establishEpoch(known: self.worker.known))
                        : .epochFailed(ModelSession.lost("connection refused")))
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
                session.onDeath = { [weak self] answers in self?.connectionDied(answers) }
                self.handle(.leased)
            } else if self.worker.now >= until {
                self.handle(.leaseFailed(PostgresError(.acquireTimeout, "no connection in time")))
            } else {
                self.worker.after(.milliseconds(150)) { self.lease(until: until) }
            }
        }
    }

    private func connectionDied(_ answers: [[StatementOutcome]]) {
        self.worker.deliver(life: self.worker.life) {
            let lost = ModelSession.lost("the connection is gone")
            self.firstFailure = self.firstFailure ?? lost
            if self.flight != nil { return self.land(answers) }
            let statement = self.statement
            self.statement = nil
            statement?(lost)
        }
    }

    private func fly(_ flight: JobFlight) {
        guard let epoch = self.epoch else { preconditionFailure("nothing is sent before the epoch is known") }
        let parameters = JobFlight.Parameters(
            job: self.job, key: self.key, epoch: epoch, knownPosition: self.worker.knownPosition(in: epoch), options: self.options)
        let segments = flight.segments(parameters).map { $0.map(\.sql) }
        self.flight = (flight, parameters, segments)
        guard let session = self.session, session.isAlive else {
            return self.worker.after(.microseconds(100)) { self.land([]) }
        }
        if case .open = flight { self.sawReceipt = self.isRedelivered && session.server.visible[self.job.id] != nil }
        let life = self.worker.life
        session.fly(flight, parameters, segments) { answers in
            self.worker.deliver(life: life) { self.land(answers) }
        }
    }

    /// - Parameter answers: without those that were lost with the connection.
    private func land(_ answers: [[StatementOutcome]]) {
        guard let (flight, parameters, segments) = self.flight else { return }
        self.flight = nil
        let lost = ModelSession.lost("the connection is gone")
        let all = segments.enumerated().map { index, segment in
            index < answers.count && answers[index].count == segment.count ? answers[index] : segment.map { _ in .lost(lost) }
        }
        let outcome = flight.outcome(of: all, parameters)
        self.world.trace(self.worker.name, "\(self.job.id.short) \(self.isFence ? "fence " : "")\(Self.summary(of: outcome))")
        self.count(outcome, of: flight)
        self.handle(.flown(outcome))
    }

    /// What must have happened somewhere among many seeds, for them to be worth their time.
    private func count(_ outcome: JobFlight.Outcome, of flight: JobFlight?) {
        let ledger = self.world.ledger
        switch outcome {
        case .opened(let opened) where opened.hasReceipt: ledger.count("redelivered, had its receipt")
        case .keyTaken: ledger.count("key taken")
        case .opened(let opened) where !opened.locked: ledger.count("met its twin")
        case .failed(.receipt, let error) where error.sqlState == .uniqueViolation: ledger.count("met a receipt at its end")
        case .failed(_, let error) where error.sqlState == Judgement.Raised.otherEpoch: ledger.count("met another epoch")
        case .failed(_, let error) where error.isConnectionLost:
            if case .commit = flight { ledger.count("commit in doubt") } else { ledger.count("connection lost") }
        default: break
        }
    }

    // MARK: Handlers

    private func runHandler() {
        self.isHandling = true
        self.firstFailure = nil
        self.worker.step(.handlerStarted(self.job.id))
        guard self.worker.isUp, !self.isOver else { return }
        self.world.ledger.handlerRuns(self.job.id, sawReceipt: self.sawReceipt)
        self.advance(self.script.makeRun(&self.world.random)[...])
    }

    /// Goes on with a run of the handler.
    private func advance(_ rest: ArraySlice<HandlerScript.Step>) {
        guard self.isHandling, !self.isOver, let step = rest.first else { return }
        let rest = rest.dropFirst()
        switch step {
        case .pause(let duration):
            self.worker.after(duration) { self.advance(rest) }
        case .send(let statement), .sendAndSwallow(let statement):
            self.send(statement) { error in
                if let error { self.firstFailure = self.firstFailure ?? error }
                if error != nil, step == .send(statement) {
                    return self.end(.threw(HandlerFailure(code: .handlerFailed, message: "wraps it")))
                }
                self.advance(rest)
            }
        case .kill:
            self.world.ledger.killed(self.job.id)
            self.worker.dieOf("what it runs")
        case .end(let fails):
            self.end(fails ? .threw(HandlerFailure(code: .handlerFailed, message: "as its script says")) : .returned([0x31]))
        }
    }

    private func send(_ statement: HandlerStatement, then: @escaping (PostgresError?) -> Void) {
        let life = self.worker.life
        guard let session = self.session, session.isAlive else {
            return self.worker.after(.microseconds(100)) { then(ModelSession.lost("the connection is gone")) }
        }
        self.statement = then
        session.perform(statement, of: self.job.id, self.options) { error in
            self.worker.deliver(life: life) {
                let then = self.statement
                self.statement = nil
                then?(error)
            }
        }
    }

    private func end(_ result: JobAttempt.HandlerEnd.Result) {
        if self.isHandling { self.handlerEnded(result) }
    }

    private func handlerEnded(_ result: JobAttempt.HandlerEnd.Result) {
        self.isHandling = false
        self.statement = nil
        self.handle(.handlerEnded(JobAttempt.HandlerEnd(result, firstFailure: self.firstFailure)))
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
