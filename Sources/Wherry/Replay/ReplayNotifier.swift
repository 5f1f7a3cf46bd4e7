import Logging
package import WherryCore
package import WherryEventLoop
import WherryJobs
package import WherryPostgres

/// The replay notifier of a node: tells when the local server has replayed something, right to about a millisecond, and asks nothing while
/// nobody waits.
///
/// The shell around `ReplayNotifierMachine`: one connection of its own, made when somebody waits and made again when it breaks. `run()` does
/// what takes time.
package actor ReplayNotifier {
    /// What takes time. One thing at a time is enough: the machine asks for the next when the last is answered.
    private enum Work {
        case connect(Int)
        case poll(Int, receipts: [JobID])
    }

    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    private let database: PostgresConfiguration
    private let logger: Logger
    private var machine: ReplayNotifierMachine
    private var metrics: ReplayMetrics
    private var events: [ReplayNotifierMachine.Event] = []
    private var isStepping = false
    private var isClosed = false
    private var timer: LoopTimer?
    private var lastID: UInt64 = 0
    private var handlers: [ReplayNotifierMachine.WaiterID: @Sendable (ReplayVerdict) -> Void] = [:]
    private var epochHandler: (@Sendable (Epoch) -> Void)?
    private var connection: (number: Int, connection: PostgresConnection)?
    private let work: AsyncStream<Work>
    private let addWork: AsyncStream<Work>.Continuation

    /// Makes a notifier; it connects to nothing before somebody waits.
    package init(
        database: PostgresConfiguration,
        configuration: ReplayNotifierConfiguration = ReplayNotifierConfiguration(),
        region: String = "",
        loop: EventLoop = .shared,
        logger: Logger
    ) {
        self.database = database
        self.loop = loop
        self.logger = logger
        self.metrics = ReplayMetrics(region: region)
        self.machine = ReplayNotifierMachine(configuration: configuration, seed: .random(in: .min ... .max))
        // Bounded by the machine, which asks for one thing at a time.
        (self.work, self.addWork) = AsyncStream.makeStream()
    }

    /// Connects and polls until `shutdown()` or cancellation. Until it runs, waiters wait.
    package func run() async {
        await withTaskCancellationHandler {
            for await work in self.work {
                switch work {
                case .connect(let number): await self.connect(number)
                case .poll(let number, let receipts): await self.poll(number, receipts: receipts)
                }
            }
        } onCancel: {
            self.loop.execute { self.assumeIsolated { $0.shutdown() } }
        }
        self.shutdown()
    }

    /// Fails all waiters and closes the connection. Idempotent.
    package func shutdown() {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.timer?.cancel()
        self.addWork.finish()
        self.dropConnection()
        let handlers = self.handlers
        self.handlers = [:]
        for handler in handlers.values { handler(.failed(.closed)) }
    }

    // MARK: Waiting

    /// Waits until a server position is replayed.
    ///
    /// - Returns: what is replayed now.
    /// - Throws: `ReplayError`; `CancellationError` if the task is cancelled.
    package func wait(for token: CausalToken, until deadline: MonotonicInstant) async throws -> CausalToken {
        switch try await self.wait(for: .position(token), until: deadline) {
        case .reached(let seen), .receipt(_, let seen): return seen
        case .superseded(let epoch):
            throw ReplayError(.superseded, "the token is of \(token.epoch), the local server of the newer \(epoch)")
        case .failed(let error): throw error
        }
    }

    /// Waits for a condition. Leaves nothing behind when the task is cancelled.
    package func wait(for condition: ReplayCondition, until deadline: MonotonicInstant?) async throws(CancellationError) -> ReplayVerdict {
        if Task.isCancelled { throw CancellationError() }
        let id = self.makeID()
        let verdict = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<ReplayVerdict, Never>) in
                self.add(id, condition, until: deadline) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            self.loop.execute { self.assumeIsolated { $0.cancel(id) } }
        }
        if case .failed(let error) = verdict, error.code == .cancelled { throw CancellationError() }
        return verdict
    }

    /// Waits for a condition, for others on the loop; `handler` is called once, unless it is unwatched.
    package func watch(
        _ id: ReplayNotifierMachine.WaiterID,
        _ condition: ReplayCondition,
        handler: @escaping @Sendable (ReplayVerdict) -> Void
    ) {
        self.add(id, condition, until: nil, handler)
    }

    /// Takes a wait back; its handler is not called.
    package func unwatch(_ id: ReplayNotifierMachine.WaiterID) {
        guard self.handlers.removeValue(forKey: id) != nil else { return }
        self.metrics.ended(id, isAnswered: false, now: self.loop.now)
        self.step(.unwatch(id))
    }

    /// The node has heard of an epoch.
    package func learn(_ epoch: Epoch) {
        self.step(.learned(epoch))
    }

    /// Calls a handler on the loop whenever the local server shows another newest epoch.
    package func onEpoch(_ handler: @escaping @Sendable (Epoch) -> Void) {
        self.epochHandler = handler
    }

    /// How many wait.
    package var waiterCount: Int { self.machine.waiterCount }

    /// A new name for a wait.
    package func makeID() -> ReplayNotifierMachine.WaiterID {
        self.lastID += 1
        return ReplayNotifierMachine.WaiterID(rawValue: self.lastID)
    }

    private func add(
        _ id: ReplayNotifierMachine.WaiterID,
        _ condition: ReplayCondition,
        until deadline: MonotonicInstant?,
        _ handler: @escaping @Sendable (ReplayVerdict) -> Void
    ) {
        guard !self.isClosed else { return handler(.failed(.closed)) }
        self.handlers[id] = handler
        self.metrics.began(id, condition, now: self.loop.now)
        self.step(.watch(id, condition, deadline: deadline))
    }

    private func cancel(_ id: ReplayNotifierMachine.WaiterID) {
        guard let handler = self.handlers[id] else { return }
        self.unwatch(id)
        handler(.failed(ReplayError(.cancelled, "the wait was cancelled")))
    }

    // MARK: The machine

    /// Tells the machine something, and does what it says. Handlers may come back with more, which then waits its turn.
    private func step(_ event: ReplayNotifierMachine.Event) {
        guard !self.isClosed else { return }
        self.events.append(event)
        guard !self.isStepping else { return }
        self.isStepping = true
        var next = 0
        while next < self.events.count, !self.isClosed {
            let actions = self.machine.handle(self.events[next], now: self.loop.now)
            next += 1
            for action in actions { self.carryOut(action) }
        }
        self.events.removeAll(keepingCapacity: true)
        self.isStepping = false
        self.setTimer()
    }

    private func carryOut(_ action: ReplayNotifierMachine.Action) {
        switch action {
        case .connect(let number): self.addWork.yield(.connect(number))
        case .poll(let number, let receipts):
            self.metrics.polled()
            self.addWork.yield(.poll(number, receipts: receipts))
        case .disconnect(let number):
            if self.connection?.number == number { self.dropConnection() }
        case .finish(let id, let verdict):
            self.metrics.ended(id, isAnswered: true, now: self.loop.now)
            self.handlers.removeValue(forKey: id)?(verdict)
        case .epochSeen(let epoch):
            self.logger.debug("the local server is in this epoch", metadata: [LogKey.epoch: "\(epoch)"])
            self.epochHandler?(epoch)
        case .roleChanged(let isPrimary):
            if isPrimary {
                self.logger.info("the local server was promoted: it is a primary now")
            } else {
                self.logger.info("the local server is a standby now")
            }
        case .serverChanged(let old, let new):
            self.logger.info(
                "another server answers, or the same one was started anew",
                metadata: [LogKey.oldServer: "\(old.address)", LogKey.server: "\(new.address)"]
            )
        }
    }

    private func setTimer() {
        guard !self.isClosed, let deadline = self.machine.nextDeadline else {
            self.timer?.cancel()
            self.timer = nil
            return
        }
        if let timer = self.timer, timer.isPending, timer.deadline == deadline { return }
        self.timer?.cancel()
        self.timer = self.loop.schedule(at: deadline) { self.assumeIsolated { $0.step(.tick) } }
    }

    // MARK: The connection

    private func connect(_ number: Int) async {
        do {
            let connection = try await PostgresConnection.connect(self.database, on: self.loop, logger: self.logger)
            guard !self.isClosed else { return await connection.close() }
            self.connection = (number, connection)
            await connection.onClose {
                self.loop.execute { self.assumeIsolated { $0.step(.disconnected(number, reason: "the connection was lost")) } }
            }
            self.step(.connected(number, await connection.serverIdentity))
        } catch {
            self.logger.debug("cannot connect to the local server", metadata: [LogKey.error: "\(error)"])
            self.step(.disconnected(number, reason: "\(error)"))
        }
    }

    private func poll(_ number: Int, receipts: [JobID]) async {
        guard let (current, connection) = self.connection, current == number else {
            return self.step(.disconnected(number, reason: "the connection was lost"))
        }
        let outcomes = await connection.perform(ReplayPoll.flight(receipts: receipts))
        switch ReplayPoll.read(outcomes, logger: self.logger) {
        case .observed(let observation):
            self.metrics.saw(observation)
            self.step(.observed(number, observation))
        case .failed(let reason): self.step(.pollFailed(number, reason: reason))
        case .lost(let reason):
            self.dropConnection()
            self.step(.disconnected(number, reason: reason))
        }
    }

    private func dropConnection() {
        guard let (_, connection) = self.connection else { return }
        self.connection = nil
        // On the same loop, hence inside of it already.
        connection.assumeIsolated { $0.close() }
    }
}

extension ReplayError {
    static let closed = ReplayError(.closed, "the client has been shut down")
}
