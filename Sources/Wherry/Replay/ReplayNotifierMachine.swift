package import WherryCore
package import WherryPostgres

/// Tells waiters when the local server has replayed what they wait for. Pure: events and the time go in, actions come out.
///
/// One per node, on one connection. The rules it keeps are correctness.md's 5 to 14 and 29; in short:
///
/// - **A waiter cannot miss its wake-up.** Whatever the event, the machine ends in `advance`, which leaves it, while anybody waits, with a poll
///   under way, a time for the next one, or a connection on its way.
/// - **No waiter, no query, no timer**, but one to close the connection that nobody uses.
/// - **A poll judges only if it met the epoch, the server and the role that the poll before it met.** So the first one on a connection, and
///   the first one after a switch, judge nothing.
/// - **A receipt that is seen is proof, its absence is none.** Only for a token of an older history than the server's does absence say
///   something: judge anew.
/// - The position is never kept as a maximum and is forgotten with its connection: it goes backward over a crash.
///
/// `ReplayNotifier` is the shell that carries the actions out.
package struct ReplayNotifierMachine: Sendable {
    /// Names a wait; chosen by the shell, never used twice.
    package struct WaiterID: Hashable, Comparable, Sendable {
        package var rawValue: UInt64

        package init(rawValue: UInt64) {
            self.rawValue = rawValue
        }

        package static func < (left: WaiterID, right: WaiterID) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    package enum Event: Sendable {
        /// Somebody waits, until `deadline` at most.
        case watch(WaiterID, ReplayCondition, deadline: MonotonicInstant?)
        /// It no longer does. An unknown id is fine: it may have ended at the same time.
        case unwatch(WaiterID)
        /// The node heard of an epoch: what a server of an older one shows proves nothing from now on.
        case learned(Epoch)
        /// The connection asked for stands.
        case connected(Int, ServerIdentity)
        /// A connection could not be made, or broke.
        case disconnected(Int, reason: String)
        /// A poll on a connection was answered.
        case observed(Int, ReplayObservation)
        /// A poll failed, the connection is fine: a recovery conflict, a promotion between two of its functions.
        case pollFailed(Int, reason: String)
        /// `nextDeadline` has come.
        case tick
    }

    package enum Action: Hashable, Sendable {
        /// Connect; the number comes back in the events of this connection.
        case connect(Int)
        /// Give the connection up.
        case disconnect(Int)
        /// Ask: state, then epoch, then these receipts, then the position again.
        case poll(Int, receipts: [JobID])
        /// A wait ended.
        case finish(WaiterID, ReplayVerdict)
        /// The server's newest epoch, when it is first met and when it changes.
        case epochSeen(Epoch)
        /// The server was promoted, or turned into a standby.
        case roleChanged(isPrimary: Bool)
        /// Another server, or the same one started anew, answers in the place of the one before.
        case serverChanged(from: ServerIdentity, to: ServerIdentity)
    }

    struct Waiter: Sendable {
        var condition: ReplayCondition
    }

    /// The waiters of one epoch, nearest LSN first.
    struct Group: Sendable {
        var positions = IndexedHeap<WaiterID, LSN>()
        /// Those that a poll found due, but without their receipt, are among the look-ups instead.
        var proofs = IndexedHeap<WaiterID, LSN>()

        var isEmpty: Bool { self.positions.isEmpty && self.proofs.isEmpty }
    }

    /// The connection's state.
    enum Line: Sendable {
        /// Can go to `connecting` when somebody waits.
        case closed
        /// After a failure; can go to `connecting` at that time, or to `closed` if nobody waits then.
        case resting(until: MonotonicInstant)
        /// Can go to `open` or `resting`.
        case connecting(Int)
        /// Can go to `resting` when it breaks, to `closed` when nobody has waited for long.
        case open(Open)
    }

    struct Open: Sendable {
        var number: Int
        var server: ServerIdentity
        var inFlight: InFlight?
        var lastSent: MonotonicInstant?
        var view: View?
    }

    struct InFlight: Sendable {
        var sentAt: MonotonicInstant
        var asked: [WaiterID]
    }

    /// What the last poll saw.
    struct View: Sendable {
        var state: ReplayObservation.State
        var epoch: Epoch?
        /// It met what the poll before it met, so it may be judged by.
        var isConfirmed: Bool
        var readAt: MonotonicInstant
    }

    /// Replay that stands still, and why.
    struct Stall: Sendable {
        var error: ReplayError
        var since: MonotonicInstant
        var position: LSN?
    }

    package let configuration: ReplayNotifierConfiguration
    var random: SplitMix64
    var output: [Action] = []

    var waiters: [WaiterID: Waiter] = [:]
    var groups: [Epoch: Group] = [:]
    /// Waits for a receipt without a position to go by, by the time when they are to be looked up next.
    var lookUps = IndexedHeap<WaiterID, MonotonicInstant>()
    var deadlines = IndexedHeap<WaiterID, MonotonicInstant>()

    var line = Line.closed
    var connections = 0
    var failures = 0
    var lastFailure: String?
    var lastServer: ServerIdentity?

    /// The newest epoch that the node knows, from wherever.
    var newestEpoch: Epoch?
    var announcedEpoch: Epoch?
    var stall: Stall?
    /// Since when nobody waits.
    var idleSince: MonotonicInstant?
    /// Since when somebody does.
    var busySince: MonotonicInstant?
    var lastRegistered = MonotonicInstant.zero
    var lastMoved = MonotonicInstant.zero
    var lastLookUp: MonotonicInstant?
    /// When those that wait by position want the next poll.
    var nextPoll: MonotonicInstant?

    package init(configuration: ReplayNotifierConfiguration = .init(), seed: UInt64) {
        self.configuration = configuration
        self.random = SplitMix64(seed: seed)
    }

    /// How many wait.
    package var waiterCount: Int { self.waiters.count }

    /// Feeds one event; the returned actions are to be carried out in order.
    package mutating func handle(_ event: Event, now: MonotonicInstant) -> [Action] {
        switch event {
        case .watch(let id, let condition, let deadline): self.watch(id, condition, deadline: deadline, now: now)
        case .unwatch(let id): self.remove(id)
        case .learned(let epoch): self.learn(epoch)
        case .connected(let number, let server): self.connected(number, server, now: now)
        case .disconnected(let number, let reason): self.disconnected(number, reason: reason, now: now)
        case .observed(let number, let observation): self.observed(number, observation, now: now)
        case .pollFailed(let number, let reason): self.pollFailed(number, reason: reason, now: now)
        case .tick: break
        }
        self.advance(now: now)
        defer { self.output = [] }
        return self.output
    }

    // MARK: Waiters

    private mutating func watch(_ id: WaiterID, _ condition: ReplayCondition, deadline: MonotonicInstant?, now: MonotonicInstant) {
        precondition(self.waiters[id] == nil, "a waiter's id is used once")
        guard self.waiters.count < self.configuration.maximumWaiters else {
            let limit = self.configuration.maximumWaiters
            self.output.append(
                .finish(id, .failed(ReplayError(.tooManyWaiters, "\(limit) waits are the limit (maximumWaiters) of this node")))
            )
            return
        }
        // The re-check: what the last poll saw may cover a position already. A proof always takes a later statement.
        if case .position(let token) = condition, let seen = self.freshToken(now: now), token.epoch == seen.epoch, token.lsn <= seen.lsn {
            self.output.append(.finish(id, .reached(seen)))
            return
        }
        if self.waiters.isEmpty {
            self.busySince = now
            self.idleSince = nil
        }
        self.waiters[id] = Waiter(condition: condition)
        if let deadline { self.deadlines.set(id, to: deadline) }
        switch condition {
        case .position(let token): self.groups[token.epoch, default: Group()].positions.set(id, to: token.lsn)
        case .proof(_, let token): self.groups[token.epoch, default: Group()].proofs.set(id, to: token.lsn)
        case .receipt: self.lookUps.set(id, to: now)
        }
        if condition.token != nil {
            self.lastRegistered = now
            self.pollSoon(now: now)
        }
    }

    /// Takes a waiter out of every place where it stands.
    mutating func remove(_ id: WaiterID) {
        guard let waiter = self.waiters.removeValue(forKey: id) else { return }
        self.deadlines.remove(id)
        self.lookUps.remove(id)
        if let epoch = waiter.condition.token?.epoch, var group = self.groups.removeValue(forKey: epoch) {
            group.positions.remove(id)
            group.proofs.remove(id)
            if !group.isEmpty { self.groups[epoch] = group }
        }
    }

    mutating func finish(_ id: WaiterID, _ verdict: ReplayVerdict) {
        self.remove(id)
        self.output.append(.finish(id, verdict))
    }

    mutating func learn(_ epoch: Epoch) {
        guard let known = self.newestEpoch else {
            self.newestEpoch = epoch
            return
        }
        if epoch.relation(to: known) == .newer { self.newestEpoch = epoch }
    }

    /// The position that the last poll saw, if it is recent and was judged by: enough for a gate, never for a proof.
    private func freshToken(now: MonotonicInstant) -> CausalToken? {
        guard case .open(let open) = self.line, let view = open.view, view.isConfirmed, let epoch = view.epoch,
            let position = view.state.position, view.readAt + self.configuration.viewLifetime > now
        else { return nil }
        return CausalToken(epoch: epoch, lsn: position)
    }
}
