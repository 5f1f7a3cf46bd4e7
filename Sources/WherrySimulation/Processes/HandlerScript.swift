import WherryCore
import WherryPostgres
import WherryWire

/// What a handler does: statements, pauses, and an end.
struct HandlerScript {
    enum Step: Equatable {
        case pause(Duration)
        /// A statement; its failure ends the handler.
        case send(HandlerStatement)
        /// The same, and the handler takes no notice of a failure.
        case sendAndSwallow(HandlerStatement)
        /// The process dies.
        case kill
        case end(fails: Bool)
    }

    /// Rows that jobs of all clients meet at.
    private static let sharedRows = [1, 2]

    let behaviour: SimulationPlan.Behaviour
    private let ownRow: Int

    init(_ behaviour: SimulationPlan.Behaviour, job: JobID) {
        self.behaviour = behaviour
        self.ownRow = job.bytes.suffix(7).reduce(0) { $0 << 8 | Int($1) } + 1000
    }

    /// One run of it; another one may go differently.
    func makeRun(_ random: inout SplitMix64) -> [Step] {
        func milliseconds(_ range: ClosedRange<Int>) -> Step { .pause(.milliseconds(Int.random(in: range, using: &random))) }
        // Mostly short, now and then long.
        let longest = [3, 20, 100, 450, 2000][Int.random(in: 0...4, using: &random)]
        let (before, after) = (milliseconds(0...longest), milliseconds(0...longest))
        let chance = Int.random(in: 0...9, using: &random)
        switch self.behaviour {
        case .returns: return [before, .send(.write), after, .end(fails: false)]
        case .fails: return [before, .send(.write), after, .end(fails: true)]
        case .moody:
            let serialization: [Step] = chance < 2 ? [.send(.fail(.serializationFailure))] : []
            return [before, .send(.write), after] + serialization + [.end(fails: chance < 6)]
        case .slow: return [milliseconds(1...3000), .send(.write), milliseconds(1...3000), .end(fails: false)]
        case .deferredConstraint: return [before, .send(.writeDeferred), after, .end(fails: false)]
        case .impatient:
            // Long enough for its twin to come.
            return [.send(.lockAtOnce(self.ownRow)), before, milliseconds(10...1500), .send(.write), after, .end(fails: false)]
        case .crowded:
            let rows = chance < 5 ? Self.sharedRows : Self.sharedRows.reversed()
            return [.send(.lock(rows[0])), before, .send(.lock(rows[1])), after, .send(.write), .end(fails: false)]
        case .swallows: return [before, .send(.write), .sendAndSwallow(.fail("22012")), after, .end(fails: false)]
        case .deadly: return [before, .send(.write), after, .kill]
        }
    }
}

extension SimulationPlan.Behaviour {
    /// Jobs carry their behaviour in the first byte of their digest.
    init(of job: JobIdentity) {
        self = Self.allCases[Int(job.digest[0]) % Self.allCases.count]
    }

    /// The digest of a job that behaves so.
    var digest: [UInt8] {
        [UInt8(Self.allCases.firstIndex(of: self) ?? 0)] + [UInt8](repeating: 0, count: 31)
    }
}
