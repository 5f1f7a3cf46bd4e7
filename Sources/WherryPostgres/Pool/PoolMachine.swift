internal import DequeModule
internal import WherryCore

/// Which connection goes to whom, and when connections are made, tested and closed. A pure value.
///
/// ```
/// connecting ──▶ idle ◀──▶ leased ──▶ resetting ──▶ idle
///     │            │ ◀─▶ testing          │
///     └────────────┴──────────┴───────────┴──▶ (gone)
/// ```
/// A connection that dies in the hands of its holder stays in the count until it is given back.
struct PoolMachine {
    typealias ConnectionID = Int
    typealias WaiterID = Int

    /// What to do.
    enum Action {
        case grant(WaiterID, ConnectionID)
        case fail(WaiterID, PostgresError)
        case connect(ConnectionID)
        case reset(ConnectionID)
        case test(ConnectionID)
        case close(ConnectionID)
    }

    private enum State {
        case connecting
        case idle(since: MonotonicInstant)
        case testing
        case leased
        case resetting
        /// Died while it was leased.
        case dead
    }

    private struct Connection {
        var state: State
        /// When an answer last came by it.
        var provenAt: MonotonicInstant
        var diesAt: MonotonicInstant
    }

    private struct Waiter {
        var id: WaiterID
        var deadline: MonotonicInstant
    }

    private let limits: PostgresPool.Limits
    private var random: SplitMix64
    private var connections: [ConnectionID: Connection] = [:]
    /// The idle ones, most recently used last: they go out from that end, so that a pool that is too large shrinks.
    private var idle: [ConnectionID] = []
    private var waiters = Deque<Waiter>()
    private var lastConnection = 0
    private var isClosed = false
    /// How many times in a row connecting has failed, and until when no more is tried.
    private var failures = 0
    private var retryAt: MonotonicInstant?
    private var lastFailure: PostgresError?

    init(limits: PostgresPool.Limits, seed: UInt64) {
        self.limits = limits
        self.random = SplitMix64(seed: seed)
    }

    /// How many connections there are, those under way included.
    var connectionCount: Int { self.connections.count }
    /// How many of them are idle.
    var idleCount: Int { self.idle.count }
    /// How many callers wait.
    var waiterCount: Int { self.waiters.count }
    /// Whether it was shut down and every connection is gone.
    var isDone: Bool { self.isClosed && self.connections.isEmpty }

    /// When `tick` is to be called next, if nothing else happens.
    var nextDeadline: MonotonicInstant? {
        var deadlines = self.waiters.map(\.deadline)
        if let retryAt = self.retryAt, !self.waiters.isEmpty { deadlines.append(retryAt) }
        deadlines += self.idle.compactMap { self.connections[$0].map(self.idleDeadline(of:)) }
        return deadlines.min()
    }

    // MARK: Callers

    /// A caller wants a connection.
    mutating func acquire(_ waiter: WaiterID, deadline: MonotonicInstant, now: MonotonicInstant) -> [Action] {
        if self.isClosed { return [.fail(waiter, Self.closed)] }
        if let connection = self.idle.popLast() {
            self.connections[connection]?.state = .leased
            return [.grant(waiter, connection)]
        }
        guard self.waiters.count < self.limits.maximumWaiters else {
            let error = PostgresError(
                .poolExhausted,
                "\(self.waiters.count) callers wait already for one of \(self.limits.maximumConnections) connections",
                hint: "Raise maximumConnections if the server can take it, or do less at a time."
            )
            return [.fail(waiter, error)]
        }
        self.waiters.append(Waiter(id: waiter, deadline: deadline))
        return self.connectAsNeeded(now: now)
    }

    /// A caller waits no longer.
    mutating func cancel(_ waiter: WaiterID) -> [Action] {
        guard let index = self.waiters.firstIndex(where: { $0.id == waiter }) else { return [] }
        self.waiters.remove(at: index)
        return [.fail(waiter, PostgresError(.cancelled, "the task was cancelled while it waited for a connection"))]
    }

    /// A connection comes back.
    ///
    /// - Parameters:
    ///   - discard: whether it is not to be used again.
    ///   - reset: whether its session is to be put back into the state of a new one first.
    mutating func giveBack(_ connection: ConnectionID, discard: Bool, reset: Bool, now: MonotonicInstant) -> [Action] {
        guard let state = self.connections[connection]?.state else { return [] }
        if case .dead = state { return self.close(connection, now: now) }
        if discard || self.isClosed || self.isTooOld(connection, now: now) { return self.close(connection, now: now) }
        if reset {
            self.connections[connection]?.state = .resetting
            return [.reset(connection)]
        }
        return self.offer(connection, now: now)
    }

    // MARK: Connections

    /// A connection stands.
    mutating func connected(_ connection: ConnectionID, now: MonotonicInstant) -> [Action] {
        self.failures = 0
        self.retryAt = nil
        self.lastFailure = nil
        // Not all at one moment, or they are all made anew at one moment.
        let spread = Double.random(in: 0.9...1, using: &self.random)
        self.connections[connection] = Connection(
            state: .resetting,
            provenAt: now,
            diesAt: now + self.limits.maximumLifetime * spread
        )
        return self.isClosed ? self.close(connection, now: now) : self.offer(connection, now: now)
    }

    /// A connection could not be made.
    mutating func connectFailed(_ connection: ConnectionID, _ error: PostgresError, now: MonotonicInstant) -> [Action] {
        self.connections[connection] = nil
        if self.isClosed { return [] }
        self.lastFailure = error
        if !error.isRetryable {
            // Nobody's patience helps.
            defer { self.waiters.removeAll() }
            return self.waiters.map { .fail($0.id, error) }
        }
        self.failures += 1
        let doublings = min(self.failures - 1, 16)
        let delay = min(self.limits.maximumReconnectDelay, self.limits.reconnectDelay * (1 << doublings))
        self.retryAt = now + delay * Double.random(in: 0.5...1, using: &self.random)
        return []
    }

    /// A connection answered: it is reset, or was found alive.
    mutating func proved(_ connection: ConnectionID, now: MonotonicInstant) -> [Action] {
        guard self.connections[connection] != nil else { return [] }
        self.connections[connection]?.provenAt = now
        return self.isClosed ? self.close(connection, now: now) : self.offer(connection, now: now)
    }

    /// A connection was not reset, or did not answer in time.
    mutating func failed(_ connection: ConnectionID, now: MonotonicInstant) -> [Action] {
        guard self.connections[connection] != nil else { return [] }
        return self.close(connection, now: now)
    }

    /// A connection is gone.
    mutating func died(_ connection: ConnectionID, now: MonotonicInstant) -> [Action] {
        switch self.connections[connection]?.state {
        case .leased?:
            self.connections[connection]?.state = .dead
            return []
        case .idle?:
            self.idle.removeAll { $0 == connection }
            return self.close(connection, now: now)
        // Whoever resets or tests it will say so; a connection under way is not one yet.
        case .resetting?, .testing?, .connecting?, .dead?, nil:
            return []
        }
    }

    // MARK: Time

    /// Time has passed.
    mutating func tick(now: MonotonicInstant) -> [Action] {
        var actions: [Action] = []
        let late = self.waiters.filter { $0.deadline <= now }
        self.waiters.removeAll { $0.deadline <= now }
        for waiter in late { actions.append(.fail(waiter.id, self.acquireTimeout)) }
        for id in self.idle {
            guard let connection = self.connections[id], self.idleDeadline(of: connection) <= now else { continue }
            self.idle.removeAll { $0 == id }
            if self.isOutdated(connection, now: now) {
                actions += self.close(id, now: now)
            } else {
                self.connections[id]?.state = .testing
                actions.append(.test(id))
            }
        }
        return actions + self.connectAsNeeded(now: now)
    }

    /// No more connections; those that are out are closed when they come back.
    mutating func shutdown(now: MonotonicInstant) -> [Action] {
        self.isClosed = true
        var actions = self.waiters.map { Action.fail($0.id, Self.closed) }
        self.waiters.removeAll()
        for connection in self.idle { actions += self.close(connection, now: now) }
        self.idle.removeAll()
        return actions
    }

    // MARK: Inside

    private static let closed = PostgresError(.poolClosed, "the pool has been shut down")

    private var acquireTimeout: PostgresError {
        if let lastFailure = self.lastFailure {
            return PostgresError(.acquireTimeout, "no connection could be made in time", cause: lastFailure)
        }
        let count = self.limits.maximumConnections
        return PostgresError(.acquireTimeout, "none of the pool's connections (at most \(count)) became free in time")
    }

    /// A connection is good for the next one who wants it.
    private mutating func offer(_ connection: ConnectionID, now: MonotonicInstant) -> [Action] {
        if self.isTooOld(connection, now: now) { return self.close(connection, now: now) }
        if let waiter = self.waiters.popFirst() {
            self.connections[connection]?.state = .leased
            return [.grant(waiter.id, connection)]
        }
        self.connections[connection]?.state = .idle(since: now)
        self.idle.append(connection)
        return []
    }

    private mutating func close(_ connection: ConnectionID, now: MonotonicInstant) -> [Action] {
        self.connections[connection] = nil
        return [.close(connection)] + self.connectAsNeeded(now: now)
    }

    /// As many new connections as there are waiters without one on its way.
    private mutating func connectAsNeeded(now: MonotonicInstant) -> [Action] {
        if self.isClosed { return [] }
        if let retryAt = self.retryAt, retryAt > now { return [] }
        var underWay = self.connections.values.count { connection in
            switch connection.state {
            case .connecting, .resetting, .testing: true
            case .idle, .leased, .dead: false
            }
        }
        // While the server is not to be reached, one at a time finds out when it is.
        let wanted = self.failures > 0 ? min(1, self.waiters.count) : self.waiters.count
        var actions: [Action] = []
        while underWay < wanted, self.connections.count < self.limits.maximumConnections {
            self.lastConnection += 1
            self.connections[self.lastConnection] = Connection(state: .connecting, provenAt: now, diesAt: now)
            actions.append(.connect(self.lastConnection))
            underWay += 1
        }
        return actions
    }

    private func isTooOld(_ connection: ConnectionID, now: MonotonicInstant) -> Bool {
        self.connections[connection].map { $0.diesAt <= now } ?? true
    }

    private func isOutdated(_ connection: Connection, now: MonotonicInstant) -> Bool {
        guard case .idle(let since) = connection.state else { return false }
        return connection.diesAt <= now || since + self.limits.idleTimeout <= now
    }

    /// When an idle connection has to be closed or tested.
    private func idleDeadline(of connection: Connection) -> MonotonicInstant {
        guard case .idle(let since) = connection.state else { return connection.diesAt }
        return min(connection.diesAt, since + self.limits.idleTimeout, connection.provenAt + self.limits.healthCheckInterval)
    }
}
