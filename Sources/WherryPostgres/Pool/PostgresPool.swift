package import Logging
internal import Synchronization
package import WherryCore
package import WherryEventLoop

/// Connections to one server, lent out one at a time.
///
/// It makes connections when somebody waits for one, and none before; it makes them again by itself when they die. `run()` does its work.
package final class PostgresPool: Sendable {
    private struct State {
        var machine: PoolMachine
        var connections: [PoolMachine.ConnectionID: PostgresConnection] = [:]
        var continuations: [PoolMachine.WaiterID: CheckedContinuation<Result<Lease, PostgresError>, Never>] = [:]
        var lastWaiter = 0
        /// For when a call of `tick` is on its way.
        var tickAt: MonotonicInstant?
    }

    /// What takes time, and so is done by `run()`.
    private enum Work {
        case connect(PoolMachine.ConnectionID)
        case reset(PoolMachine.ConnectionID, PostgresConnection)
        case test(PoolMachine.ConnectionID, PostgresConnection)
        case close(PostgresConnection)
    }

    private let configuration: Configuration
    private let loop: EventLoop
    private let logger: Logger
    private let state: Locked<State>
    /// Unbounded, and yet bounded: there is at most one piece of work for each connection, and for each one to be closed.
    private let work = WorkQueue<Work>()

    /// Makes a pool; it connects to nothing yet.
    package init(_ configuration: Configuration, loop: EventLoop = .shared, logger: Logger) {
        self.configuration = configuration
        self.loop = loop
        self.logger = logger
        self.state = Locked(State(machine: PoolMachine(limits: configuration.limits, seed: .random(in: .min ... .max))))
    }

    /// Makes, resets, tests and closes connections until `shutdown()` or cancellation; in either case it returns when all are closed, those that
    /// are lent out included.
    ///
    /// Callers of `lease()` wait until it runs.
    package func run() async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                while let work = await self.work.next() { group.addTask { await self.carryOut(work) } }
            }
        } onCancel: {
            self.beginShutdown()
        }
    }

    /// Lends no more connections; closes idle ones now, the others when they come back. Waits for nobody: `run()` returns when all are closed.
    /// Idempotent.
    package func shutdown() async {
        self.beginShutdown()
    }

    private func beginShutdown() {
        self.step { machine, now in machine.shutdown(now: now) }
    }

    // MARK: Leases

    /// Lends a connection, which must be given back.
    ///
    /// - Parameter deadline: how long to wait at most, if that is sooner than ``Limits/acquireTimeout``.
    /// - Throws: ``PostgresError/Code/poolExhausted``, ``PostgresError/Code/acquireTimeout`` with the reason as cause, if connecting fails for one,
    ///   ``PostgresError/Code/poolClosed``, ``PostgresError/Code/cancelled``, or what is final about connecting, such as a wrong password.
    package func lease(deadline: MonotonicInstant? = nil) async throws(PostgresError) -> Lease {
        let waiter = self.state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.state.withLock { $0.continuations[waiter] = continuation }
                self.step { machine, now in
                    let patience = now + self.configuration.limits.acquireTimeout
                    return machine.acquire(waiter, deadline: deadline.map { min($0, patience) } ?? patience, now: now)
                }
                // A cancellation that came before there was anything to cancel.
                if Task.isCancelled { self.cancel(waiter) }
            }
        } onCancel: {
            self.cancel(waiter)
        }
        return try result.get()
    }

    /// Lends a connection for the time of a closure; resets it afterwards, or discards it if it is not what it was.
    package func withConnection<Value>(
        deadline: MonotonicInstant? = nil,
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let lease = try await self.lease(deadline: deadline)
        defer { lease.giveBack() }
        return try await body(lease.connection)
    }

    func giveBack(_ connection: PoolMachine.ConnectionID, discard: Bool, reset: Bool) {
        self.step { machine, now in machine.giveBack(connection, discard: discard, reset: reset, now: now) }
    }

    private func cancel(_ waiter: PoolMachine.WaiterID) {
        self.step { machine, _ in machine.cancel(waiter) }
    }

    /// How many connections there are, how many of them are idle, and how many callers wait.
    package var counts: (connections: Int, idle: Int, waiters: Int) {
        self.state.withLock { ($0.machine.connectionCount, $0.machine.idleCount, $0.machine.waiterCount) }
    }

    // MARK: The machine

    /// Tells the machine something, and does what it says.
    private func step(_ event: (inout PoolMachine, MonotonicInstant) -> [PoolMachine.Action]) {
        let now = self.loop.now
        var answers: [(CheckedContinuation<Result<Lease, PostgresError>, Never>, Result<Lease, PostgresError>)] = []
        let (isDone, tickAt) = self.state.withLock { state -> (Bool, MonotonicInstant?) in
            for action in event(&state.machine, now) {
                switch action {
                case .grant(let waiter, let id):
                    guard let continuation = state.continuations.removeValue(forKey: waiter), let connection = state.connections[id] else {
                        preconditionFailure("a grant to nobody, or of nothing")
                    }
                    answers.append((continuation, .success(Lease(connection: connection, id: id, pool: self))))
                case .fail(let waiter, let error):
                    if let continuation = state.continuations.removeValue(forKey: waiter) {
                        answers.append((continuation, .failure(error)))
                    }
                case .connect(let id):
                    self.work.add(.connect(id))
                case .reset(let id):
                    if let connection = state.connections[id] { self.work.add(.reset(id, connection)) }
                case .test(let id):
                    if let connection = state.connections[id] { self.work.add(.test(id, connection)) }
                case .close(let id):
                    if let connection = state.connections.removeValue(forKey: id) { self.work.add(.close(connection)) }
                }
            }
            guard let deadline = state.machine.nextDeadline, deadline < state.tickAt ?? .distantFuture else {
                return (state.machine.isDone, nil)
            }
            state.tickAt = deadline
            return (state.machine.isDone, deadline)
        }
        for (continuation, result) in answers { continuation.resume(returning: result) }
        if isDone { self.work.finish() }
        if let tickAt { self.tick(at: tickAt) }
    }

    /// A timer that comes too early finds nothing to do, and sets the next.
    private func tick(at instant: MonotonicInstant) {
        self.loop.execute {
            self.loop.schedule(at: instant) { [weak self] in
                guard let self else { return }
                self.state.withLock { if $0.tickAt == instant { $0.tickAt = nil } }
                self.step { machine, now in machine.tick(now: now) }
            }
        }
    }

    // MARK: Work

    private func carryOut(_ work: Work) async {
        switch work {
        case .connect(let id): await self.connect(id)
        case .reset(let id, let connection): await self.prove(id) { await connection.reset(within: $0) }
        case .test(let id, let connection): await self.prove(id) { await connection.isAlive(within: $0) }
        case .close(let connection): await connection.close()
        }
    }

    private func connect(_ id: PoolMachine.ConnectionID) async {
        do {
            let connection = try await PostgresConnection.connect(self.configuration.connection, on: self.loop, logger: self.logger)
            self.state.withLock { $0.connections[id] = connection }
            self.step { machine, now in machine.connected(id, now: now) }
            await connection.onClose { [weak self] in self?.died(id) }
        } catch {
            self.logger.debug("no connection could be made: \(error)")
            self.step { machine, now in machine.connectFailed(id, error, now: now) }
        }
    }

    private func died(_ id: PoolMachine.ConnectionID) {
        self.step { machine, now in machine.died(id, now: now) }
    }

    private func prove(_ id: PoolMachine.ConnectionID, _ test: (Duration) async -> Bool) async {
        let isGood = await test(self.configuration.limits.healthCheckTimeout)
        self.step { machine, now in isGood ? machine.proved(id, now: now) : machine.failed(id, now: now) }
    }
}

extension MonotonicInstant {
    fileprivate static let distantFuture = MonotonicInstant(nanoseconds: .max)
}
