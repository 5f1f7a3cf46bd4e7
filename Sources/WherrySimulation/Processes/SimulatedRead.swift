import Wherry
import WherryCore
import WherryJobs
import WherryPostgres

/// What a session wrote and saw.
struct SimulatedSession {
    private(set) var token: CausalToken?
    /// Jobs whose writes it was told of or has read: a read of its own shows them, unless a failover has lost them.
    var mustSee: Set<JobID> = []

    mutating func note(_ token: CausalToken) {
        self.token = self.token.map { $0.merged(with: token) ?? $0 } ?? token
    }
}

/// One read on a client's replica: what `LocalReads` does, with the product's gate and statements.
final class SimulatedRead {
    enum Kind: String, CaseIterable {
        /// By the client's session.
        case session
        /// The same, in a transaction with one snapshot.
        case repeatable
        case global
        /// By the token of another client's session, as a cookie carries it.
        case visitor
        /// No read, but a wait for the session's token.
        case wait

        /// Now and then somebody reads as soon as a job is told as committed.
        static func afterCommit(_ world: Simulation) -> Kind? {
            world.chance(0.6) ? Self.drawn(world) : nil
        }

        static func drawn(_ world: Simulation) -> Kind {
            Self.allCases[world.draw(0...(Self.allCases.count - 1))]
        }
    }

    /// How long a read may wait.
    private static let limit = Duration.seconds(8)

    private let kind: Kind
    private let client: SimulatedClient
    private unowned let world: Simulation
    private let life: Int
    private let until: MonotonicInstant
    private var goal: ReadGoal
    /// What it has to show.
    private let mustSee: Set<JobID>
    private var rounds = 0

    init(_ kind: Kind, client: SimulatedClient) {
        self.kind = kind
        self.client = client
        self.world = client.world
        self.life = client.life
        self.until = client.now + Self.limit
        let clients = client.world.clients
        let session = kind == .visitor ? clients[client.world.draw(0...(clients.count - 1))].session : client.session
        self.goal = kind == .global ? .global : session.token.map { .token($0, isConfirmed: false) } ?? .nothing
        self.mustSee = kind == .global ? client.world.ledger.committedForAll : session.mustSee
    }

    func start() {
        self.world.trace(self.client.name, "\(self.kind) read begins: \(self.goal)")
        if self.kind == .wait { self.wait() } else { self.open() }
    }

    private func end(_ how: String, isFailure: Bool = false) {
        self.world.trace(self.client.name, "\(self.kind) read ends: \(how)")
        self.client.readEnded(life: self.life)
        self.world.ledger.readEnds("\(self.kind.rawValue) read \(how)", isFailure: isFailure)
    }

    private var isAlive: Bool { self.client.isUp && self.client.life == self.life }

    // MARK: Gate

    private func open() {
        guard self.isAlive else { return self.end("died with its process") }
        guard self.client.now < self.until else { return self.end("too late", isFailure: true) }
        let session = ReplicaSession(self.client.replica, for: self.client)
        guard session.isAlive else { return self.client.after(.milliseconds(100)) { self.open() } }
        let isolation: IsolationLevel = self.kind == .repeatable ? .repeatableRead : .readCommitted
        session.fly(ReadOpening.flight(isolation: isolation, isGated: self.goal != .nothing)) { outcomes in
            guard let outcomes else { return self.again() }
            self.look(try? ReadOpening.read(outcomes, logger: SimulatedClient.logger), session)
        }
    }

    private func look(_ look: ReadOpening.Look?, _ session: ReplicaSession) {
        switch look {
        case nil, .failed: self.again()
        case .unneeded: self.read(session)
        case .seen(let view):
            let verdict = self.client.gate.judge(self.goal, by: view)
            if verdict == .open { self.read(session) } else { self.pursue(verdict) }
        }
    }

    private func again() {
        self.rounds += 1
        self.client.after(.milliseconds(self.rounds > 3 ? 20 : 1)) { self.open() }
    }

    private func pursue(_ verdict: ReadGate.Verdict) {
        switch verdict {
        case .open, .again: self.again()
        case .wait:
            guard case .token(let token, _) = self.goal else { return self.again() }
            self.client.wait(for: token, until: self.until) { verdict in
                switch verdict {
                case .reached, .receipt: self.again()
                case .superseded: self.pursue(.exchange)
                case .failed(let error): self.end("failed: \(error.code.name)", isFailure: true)
                }
            }
        case .ask, .exchange:
            self.client.askPrimary(until: self.until) { answer in
                guard case .position(let position) = answer else { return self.end("failed: no position", isFailure: true) }
                self.client.gate.learn(position)
                if case .exchange = verdict { self.world.ledger.count("token exchanged") }
                if case .exchange = verdict, self.kind == .session || self.kind == .repeatable { self.client.session.note(position) }
                if case .ask = verdict, case .token(let token, _) = self.goal {
                    self.goal = .token(token, isConfirmed: true)
                } else {
                    self.goal = .token(position, isConfirmed: true)
                }
                self.again()
            }
        case .refused(let code, _): self.end("refused: \(code)", isFailure: true)
        }
    }

    // MARK: What it sees

    private func read(_ session: ReplicaSession) {
        session.readEffects { effects in
            guard let effects else { return self.again() }
            session.fly(ReadEnding.tracked) { outcomes in
                guard let outcomes else { return self.again() }
                self.check(effects, "a \(self.kind) read does not see what it must")
                if let seen = ReadEnding.seen(outcomes) {
                    self.client.gate.learn(seen)
                    self.client.session.note(seen)
                    self.client.session.mustSee.formUnion(effects)
                }
                self.end("done")
            }
        }
    }

    private func check(_ effects: Set<JobID>, _ message: String) {
        let missing = self.mustSee.subtracting(effects).filter { !self.world.ledger.isShown($0, in: effects) }
        for id in missing.sorted() where !self.world.database.hasLost(id) {
            self.world.ledger.fail("\(message): \(id)")
        }
    }

    /// `waitUntilVisible`: for those who read by other ways.
    private func wait() {
        guard case .token(let token, _) = self.goal else { return self.end("has nothing to wait for") }
        self.client.wait(for: token, until: self.until) { verdict in
            switch verdict {
            case .reached, .receipt:
                if self.client.mayBeHeldToNotifier {
                    let effects = self.client.replica.effects(in: self.client.replica.snapshot)
                    self.check(effects, "a wait has ended, and a read does not see what was waited for")
                }
                self.end("done")
            case .superseded: self.end("superseded")
            case .failed(let error): self.end("failed: \(error.code.name)", isFailure: true)
            }
        }
    }
}
