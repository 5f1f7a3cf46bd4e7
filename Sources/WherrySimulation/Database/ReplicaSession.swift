import Wherry
import WherryCore
import WherryJobs
import WherryPostgres

/// A connection to a standby: one of the notifier's, or a reader's.
///
/// A statement has a snapshot, taken when it begins, or when its transaction's first statement began; the functions in it look at the server a
/// moment later, as the real ones do (correctness.md, rule 7).
final class ReplicaSession {
    let replica: ModelReplica
    private let startTime: Int64
    private let owner: SimulatedProcess
    private unowned let world: Simulation
    private var isInTransaction = false
    private var keepsSnapshot = false
    private var kept: Int?

    init(_ replica: ModelReplica, for owner: SimulatedProcess) {
        self.replica = replica
        self.startTime = replica.startTime
        self.owner = owner
        self.world = replica.world
    }

    /// Whether the server is the one that it was when this was opened.
    var isAlive: Bool { self.replica.isUp && self.replica.startTime == self.startTime }

    /// Carries out a flight. `answer` gets `nil` if the connection is lost.
    ///
    /// - Parameter receipts: which ones its look-ups ask for.
    func fly(_ flight: Flight, receipts: [JobID] = [], answer: @escaping ([[StatementOutcome]]?) -> Void) {
        self.afterRoundTrip { self.proceed(flight.segments, receipts, [[]], answer) }
    }

    private func proceed(
        _ segments: [[SQL]], _ receipts: [JobID], _ answers: [[StatementOutcome]], _ answer: @escaping ([[StatementOutcome]]?) -> Void
    ) {
        guard self.isAlive else { return answer(nil) }
        let segment = segments[answers.count - 1]
        guard let answered = answers.last?.count, answered < segment.count else {
            if answers.count < segments.count { return self.proceed(segments, receipts, answers + [[]], answer) }
            return self.afterRoundTrip { answer(self.isAlive ? answers : nil) }
        }
        let statement = ModelStatement(segment[answered].text)
        let snapshot = self.snapshot(for: statement)
        self.afterMoment {
            guard self.isAlive else { return answer(nil) }
            var answers = answers
            answers[answers.count - 1].append(.result(self.carryOut(statement, snapshot, receipts)))
            self.proceed(segments, receipts, answers, answer)
        }
    }

    private func snapshot(for statement: ModelStatement) -> Int {
        if case .begin = statement { return 0 }
        guard self.isInTransaction, self.keepsSnapshot else { return self.replica.snapshot }
        let snapshot = self.kept ?? self.replica.snapshot
        self.kept = snapshot
        return snapshot
    }

    private func carryOut(_ statement: ModelStatement, _ snapshot: Int, _ receipts: [JobID]) -> QueryResult {
        switch statement {
        case .begin(let keepsSnapshot):
            (self.isInTransaction, self.keepsSnapshot, self.kept) = (true, keepsSnapshot, nil)
            return .done("BEGIN")
        case .commit, .rollBack:
            (self.isInTransaction, self.kept) = (false, nil)
            return .done(statement == .commit ? "COMMIT" : "ROLLBACK")
        case .state: return self.state()
        case .newestEpoch: return .epoch(self.replica.epoch(in: snapshot))
        case .server: return .select(["time", "address"], [[self.startTime.postgresValue, self.replica.name.postgresValue]])
        case .lookUpReceipts: return .receipts(self.replica.receipts(of: receipts, in: snapshot))
        case .position: return .position(self.replica.position)
        case .settings, .enter, .insertReceipt, .insertKey, .checkKey, .lookUpKey, .endTwin:
            preconditionFailure("nobody sends that to a standby: \(statement)")
        }
    }

    private func state() -> QueryResult {
        let row: [PostgresValue] = [
            true.postgresValue, self.replica.position.postgresValue, String?.none.postgresValue, self.startTime.postgresValue,
            self.replica.name.postgresValue, self.replica.isPaused.postgresValue, self.replica.hasReceiver.postgresValue,
        ]
        return .select(["recovery", "position", "timeline", "start", "address", "paused", "receiver"], [row])
    }

    /// What the transaction's reads see: the jobs whose writes are there.
    func readEffects(then: @escaping (Set<JobID>?) -> Void) {
        self.afterRoundTrip {
            guard self.isAlive else { return then(nil) }
            let snapshot = self.snapshot(for: .settings)
            let effects = self.replica.effects(in: snapshot)
            self.afterRoundTrip { then(self.isAlive ? effects : nil) }
        }
    }

    private func afterRoundTrip(_ body: @escaping () -> Void) {
        self.owner.after(self.world.drawDuration(.microseconds(50), .milliseconds(3)), body)
    }

    /// Now and then the backend has to wait for a processor.
    private func afterMoment(_ body: @escaping () -> Void) {
        if self.world.chance(0.6) { return body() }
        self.owner.after(self.world.drawDuration(.microseconds(20), .milliseconds(self.world.chance(0.1) ? 60 : 2)), body)
    }
}
