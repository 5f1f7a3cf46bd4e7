import Testing
import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

/// A run of an attempt in which anything that can happen does, at random.
struct AnythingGoes {
    private var random: SplitMix64
    private var harness: AttemptHarness
    private var mayHaveReceipt = false

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let redelivered = Bool.random(using: &random)
        let attempts = Int.random(in: 0...6, using: &random)
        let epoch: Epoch? = Int.random(in: 0...9, using: &random) == 0 ? nil : .sample
        if Int.random(in: 0...3, using: &random) == 0 {
            let fence = Fence(job: .sample(), kind: .cancelled, epoch: epoch)
            self.harness = AttemptHarness(JobAttempt(fence: fence, receivedAt: .zero, patience: .seconds(5), seed: seed))
        } else {
            self.harness = AttemptHarness(.sample(redelivered: redelivered, attempts: attempts, epoch: epoch))
        }
        self.random = random
    }

    consuming func run() {
        self.harness.start()
        var steps = 0
        while self.harness.end == nil {
            steps += 1
            guard steps < 20_000, let action = self.harness.actions.last else {
                Issue.record("no end after \(steps) steps")
                return
            }
            self.harness.feed(self.event(after: action))
        }
        if self.harness.reply != nil { #expect(self.mayHaveReceipt) }
    }

    private mutating func event(after action: JobAttempt.Action) -> JobAttempt.Event {
        switch action {
        case .lease:
            if self.chance(5) { return .leaseFailed(PostgresError(.connectFailed, "test")) }
            return self.chance(60) ? .drained : .leased
        case .wait(let pause):
            self.harness.now = self.harness.now + pause
            return self.chance(60) ? .drained : .waited
        case .establishEpoch:
            return self.chance(5) ? .epochFailed(.lost) : .epochEstablished(.sample)
        case .runHandler:
            let failure: PostgresError? = self.chance(3) ? self.error() : nil
            return .handlerEnded(JobAttempt.HandlerEnd(self.handlerResult(), firstFailure: failure))
        case .fly(let flight):
            return .flown(self.outcome(of: flight))
        case .giveBack, .end:
            preconditionFailure("no event follows \(action)")
        }
    }

    private mutating func handlerResult() -> JobAttempt.HandlerEnd.Result {
        switch Int.random(in: 0...9, using: &self.random) {
        case 0: .threw(HandlerFailure(code: .handlerFailed, message: "test"))
        case 1: self.chance(2) ? .timedOut : .cancelledStatement
        case 2 where self.chance(5): .drained
        case 2 where self.chance(5): .stopped(.cancelled, "test")
        default: .returned([1])
        }
    }

    private mutating func outcome(of flight: JobFlight) -> JobFlight.Outcome {
        if self.chance(3) {
            let steps: [JobFlight.Step] =
                switch flight {
                case .open: [.lookUp, .begin, .open]
                case .commit: [.restore, .receipt, .commit]
                case .store: [.rollBack, .begin, .open, .receipt, .commit]
                case .lookUp: [.rollBack, .lookUp, .position]
                case .rollBack: [.rollBack]
                }
            return .failed(steps.randomElement(using: &self.random) ?? .begin, self.error())
        }
        switch flight {
        case .open:
            return .opened([.free, .twin, .done].randomElement(using: &self.random) ?? .free)
        case .commit, .store:
            if self.chance(8) { return .notCommitted }
            self.mayHaveReceipt = true
            return .stored(self.chance(8) ? nil : LSN(rawValue: 5))
        case .lookUp:
            if Bool.random(using: &self.random) { return .lookedUp(nil, LSN(rawValue: 5)) }
            self.mayHaveReceipt = true
            return .lookedUp(.sample(), LSN(rawValue: 5))
        case .rollBack:
            return .rolledBack
        }
    }

    private mutating func error() -> PostgresError {
        let states: [SQLState] = [
            "23505", "23514", "25P02", "25P03", "25006", "40001", "40P01", "42501", "55P03", "57014", "57P01", "WH001", "WH002", "WH003",
            "WH004",
        ]
        if self.chance(4) { return .lost }
        return .server(states.randomElement(using: &self.random) ?? "40001", routine: "ProcessInterrupts")
    }

    private mutating func chance(_ oneIn: Int) -> Bool {
        Int.random(in: 0..<oneIn, using: &self.random) == 0
    }
}
