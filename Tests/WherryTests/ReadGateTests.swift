import Testing
import Wherry
import WherryCore
import WherryJobs

@Suite("The gate before a read")
struct ReadGateTests {
    static let first = NotifierBench.first
    static let second = NotifierBench.second

    static func token(_ lsn: UInt64, of epoch: Epoch = first) -> CausalToken {
        CausalToken(epoch: epoch, lsn: LSN(rawValue: lsn))
    }

    static func goal(_ lsn: UInt64, of epoch: Epoch = first, isConfirmed: Bool = false) -> ReadGoal {
        .token(Self.token(lsn, of: epoch), isConfirmed: isConfirmed)
    }

    static func view(
        _ lsn: UInt64?, of epoch: Epoch? = first, isPrimary: Bool = false, timeline: UInt32? = nil, startTime: Int64 = 1
    ) -> ReplayObservation {
        let state = ReplayObservation.State(
            isInRecovery: !isPrimary, position: lsn.map { LSN(rawValue: $0) }, timeline: isPrimary ? timeline ?? epoch?.timeline : nil,
            startTime: startTime, address: "a:1")
        return ReplayObservation(state: state, epoch: epoch)
    }

    /// A gate that has looked at the server before.
    static func gate(_ views: ReplayObservation..., lead: UInt64 = 1_000) -> ReadGate {
        var gate = ReadGate(maximumLead: lead)
        for view in views {
            _ = gate.judge(Self.goal(0), by: view)
            _ = gate.judge(Self.goal(0), by: view)
        }
        return gate
    }

    @Test("it opens when the token's position is replayed, and waits until then")
    func position() {
        var gate = Self.gate(Self.view(100))
        #expect(gate.judge(Self.goal(100), by: Self.view(100)) == .open)
        #expect(gate.judge(Self.goal(101), by: Self.view(100)) == .wait)
        #expect(gate.judge(Self.goal(101), by: Self.view(101)) == .open)
    }

    @Test("a position that went backward over a crash is the one that counts (rule 10)")
    func backward() {
        var gate = Self.gate(Self.view(100))
        #expect(gate.judge(Self.goal(90), by: Self.view(50, startTime: 2)) == .again)
        #expect(gate.judge(Self.goal(90), by: Self.view(50, startTime: 2)) == .wait)
    }

    @Test("the first look at a server, a role or a history judges nothing (rule 11)")
    func firstLook() {
        var gate = ReadGate()
        #expect(gate.judge(Self.goal(1), by: Self.view(100)) == .again)
        #expect(gate.judge(Self.goal(1), by: Self.view(100)) == .open)
        #expect(gate.judge(Self.goal(1), by: Self.view(100, isPrimary: true)) == .again)
        #expect(gate.judge(Self.goal(1, of: Self.second), by: Self.view(100, of: Self.second)) == .again)
        #expect(gate.judge(Self.goal(1, of: Self.second), by: Self.view(100, of: Self.second)) == .open)
    }

    @Test("several servers behind one name are each known by themselves, and do not make it look again and again")
    func severalServers() {
        var gate = Self.gate(Self.view(100, startTime: 1), Self.view(200, startTime: 2))
        #expect(gate.judge(Self.goal(150), by: Self.view(100, startTime: 1)) == .wait)
        #expect(gate.judge(Self.goal(150), by: Self.view(200, startTime: 2)) == .open)
        #expect(gate.judge(Self.goal(100), by: Self.view(100, startTime: 1)) == .open)
    }

    @Test("without a token there is no gate")
    func nothing() {
        var gate = ReadGate()
        #expect(gate.judge(.nothing, by: Self.view(nil, of: nil)) == .open)
    }

    @Test("on the primary a token is visible up to the flushed position, and not beyond (rule 5)")
    func primary() {
        var gate = Self.gate(Self.view(100, isPrimary: true))
        #expect(gate.judge(Self.goal(100), by: Self.view(100, isPrimary: true)) == .open)
        #expect(gate.judge(Self.goal(101), by: Self.view(100, isPrimary: true)) == .wait)
    }

    @Test("after a promotion, before a worker has written the new epoch, no position counts (rule 29)")
    func promoted() {
        let view = Self.view(500, isPrimary: true, timeline: 2)
        var gate = Self.gate(view)
        #expect(gate.judge(Self.goal(100), by: view) == .wait)
        #expect(gate.judge(.global, by: view) == .ask)
    }

    @Test("a token from before a failover is exchanged; the new primary itself needs nobody's word")
    func exchange() {
        var gate = Self.gate(Self.view(100, of: Self.second), Self.view(100, of: Self.second, isPrimary: true))
        #expect(gate.judge(Self.goal(5_000), by: Self.view(100, of: Self.second)) == .exchange)
        #expect(gate.judge(Self.goal(5_000), by: Self.view(100, of: Self.second, isPrimary: true)) == .open)
    }

    @Test("a token of a newer history than the local server's is waited for once the primary has confirmed it")
    func newer() {
        var gate = Self.gate(Self.view(100))
        #expect(gate.judge(Self.goal(200, of: Self.second), by: Self.view(100)) == .ask)
        gate.learn(Self.token(300, of: Self.second))
        #expect(gate.judge(Self.goal(200, of: Self.second, isConfirmed: true), by: Self.view(100)) == .wait)
        // From now on it is known without asking.
        #expect(gate.judge(Self.goal(250, of: Self.second), by: Self.view(100)) == .wait)
    }

    @Test("a forged history that the primary does not know is refused")
    func forgedEpoch() {
        var gate = Self.gate(Self.view(100))
        let forged = Epoch(systemIdentifier: 7, timeline: .max, restoreCounter: 0, random: 1)
        #expect(gate.judge(Self.goal(1, of: forged), by: Self.view(100)) == .ask)
        gate.learn(Self.token(120))
        #expect(gate.judge(Self.goal(1, of: forged, isConfirmed: true), by: Self.view(100)).code == .implausibleToken)
    }

    @Test("a position far beyond what is known is held against the primary's; one that it has not reached is refused")
    func forgedPosition() {
        var gate = Self.gate(Self.view(100), lead: 1_000)
        #expect(gate.judge(Self.goal(1_100), by: Self.view(100)) == .wait)
        #expect(gate.judge(Self.goal(1_101), by: Self.view(100)) == .ask)
        #expect(gate.judge(Self.goal(.max), by: Self.view(100)) == .ask)
        gate.learn(Self.token(5_000))
        #expect(gate.judge(Self.goal(5_000, isConfirmed: true), by: Self.view(100)) == .wait)
        #expect(gate.judge(Self.goal(5_001, isConfirmed: true), by: Self.view(100)).code == .implausibleToken)
        // What the primary has reached needs no more questions, however far behind the local server is.
        #expect(gate.judge(Self.goal(4_999), by: Self.view(100)) == .wait)
    }

    @Test("forks and other systems are refused", arguments: [NotifierBench.fork, NotifierBench.foreign])
    func forks(epoch: Epoch) {
        var gate = Self.gate(Self.view(100))
        #expect(gate.judge(Self.goal(1, of: epoch), by: Self.view(100)).code == .forkedHistory)
        #expect(gate.judgeUnseen(Self.goal(1, of: epoch)).code == .forkedHistory)
        #expect(gate.known == Self.token(100), "and nothing of them is learned")
    }

    @Test("a global read asks the primary, unless the local server is the newest one that is known")
    func global() {
        var gate = Self.gate(Self.view(100), Self.view(100, isPrimary: true))
        #expect(gate.judge(.global, by: Self.view(100)) == .ask)
        #expect(gate.judge(.global, by: Self.view(100, isPrimary: true)) == .open)
        gate.learn(Self.token(1, of: Self.second))
        #expect(gate.judge(.global, by: Self.view(100, isPrimary: true)) == .ask)
    }

    @Test("a server without a history yet can show no token; the primary is asked what there is")
    func noEpoch() {
        var gate = ReadGate()
        #expect(gate.judge(Self.goal(1), by: Self.view(100, of: nil)) == .ask)
        gate.learn(Self.token(100))
        #expect(gate.judge(Self.goal(1, isConfirmed: true), by: Self.view(100, of: nil)) == .wait)
        #expect(gate.judge(Self.goal(1, of: NotifierBench.foreign, isConfirmed: true), by: Self.view(100, of: nil)).code == .forkedHistory)
    }

    @Test("a role that may not see the epochs gets that as its error")
    func denied() {
        var gate = ReadGate()
        var view = Self.view(100, of: nil)
        view.denied = "permission denied for schema wherry"
        #expect(gate.judge(Self.goal(1), by: view) == .refused(.misconfigured, "permission denied for schema wherry"))
        #expect(gate.judge(.nothing, by: view) == .open)
    }
}

extension ReadGate.Verdict {
    var code: JobError.Code? {
        if case .refused(let code, _) = self { code } else { nil }
    }
}
