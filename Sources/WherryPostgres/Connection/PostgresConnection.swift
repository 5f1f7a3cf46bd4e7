internal import DequeModule
internal import Logging
internal import WherryCore
package import WherryEventLoop

/// One connection to a server, in pipeline mode, on an event loop. It must be closed.
///
/// Callers do not wait for each other: their flights go out as they come, and are answered in that order.
package actor PostgresConnection {
    package nonisolated let loop: EventLoop
    // SAFETY: the loop lives as long as this actor, which holds it.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.loop.asUnownedSerialExecutor() }

    /// The server's process for this connection.
    package nonisolated let backendPID: Int32
    /// Which server it goes to.
    package internal(set) var serverIdentity = ServerIdentity(systemIdentifier: nil, address: "", startTime: 0)
    nonisolated let configuration: PostgresConfiguration
    nonisolated let logger: Logger

    private let libpq: LibPQ
    private let isEncrypted: Bool
    private var registration: Registration?
    private var machine = PipelineMachine()
    private var waiting = Deque<Waiting>()
    private var lastTicket: UInt64 = 0
    private var pendingStatements = 0
    private var closeHandlers: [@Sendable () -> Void] = []
    /// Why the connection is of no more use; `nil` while it is.
    private(set) var ending: PostgresError?
    /// A cancel request was sent, or is about to be: what runs next on the backend may be hit by it.
    private var isCancelled = false
    private var cancelTimer: LoopTimer?
    /// The transaction whose handle is in use, if there is one.
    var transaction: OpenTransaction?

    /// A caller whose flight is under way.
    private struct Waiting {
        var ticket: UInt64
        var statements: Int
        /// The transaction's handle that sent it, and how many savepoints were open then.
        var origin: TransactionMachine.Origin?
        var continuation: CheckedContinuation<[[StatementOutcome]], Never>
    }

    init(_ libpq: LibPQ, configuration: PostgresConfiguration, loop: EventLoop, logger: Logger) {
        self.libpq = libpq
        self.configuration = configuration
        self.loop = loop
        self.backendPID = libpq.backendPID
        self.isEncrypted = libpq.isEncrypted
        var logger = logger
        logger[metadataKey: LogKey.pid] = "\(libpq.backendPID)"
        self.logger = logger
    }

    /// Begins to listen to the socket.
    func start() {
        self.registration = self.loop.register(descriptor: self.libpq.socket, interest: .read) { readiness in
            self.assumeIsolated { $0.becameReady(readiness) }
        }
    }

    // MARK: State

    /// Whether flights are taken: not once it died, was closed or cancelled.
    package var isHealthy: Bool {
        self.ending == nil && !self.isCancelled
    }

    /// What the session is in, by the last answer; `active` while flights are under way.
    package var transactionStatus: TransactionStatus {
        if self.ending != nil { return .unknown }
        return self.machine.isIdle ? self.libpq.transactionStatus : .active
    }

    /// Runs a body on the loop when the connection is gone; at once if it is already.
    package func onClose(_ body: @escaping @Sendable () -> Void) {
        if self.ending == nil { self.closeHandlers.append(body) } else { body() }
    }

    // MARK: Flights

    /// Sends a flight and waits for all its outcomes. Task cancellation does not touch it.
    package func perform(_ flight: Flight) async -> [[StatementOutcome]] {
        await self.perform(flight, origin: nil, isCancellable: false)
    }

    /// Runs one statement in a segment of its own.
    ///
    /// If the task is cancelled, so is the statement, on the server; the connection must be discarded then (correctness.md, rule 27).
    package func query(_ sql: SQL) async throws(PostgresError) -> QueryResult {
        try await self.query(sql, origin: nil)
    }

    func query(_ sql: SQL, origin: TransactionMachine.Origin?) async throws(PostgresError) -> QueryResult {
        let outcomes = await self.perform(Flight(sql), origin: origin, isCancellable: true)
        switch outcomes[0][0] {
        case .result(let result): return result
        case .failed(var error), .lost(var error):
            if self.isCancelled, error.sqlState == .queryCanceled { error.code = .cancelled }
            throw error
        case .skipped: throw PostgresError(.server, "the statement was skipped")
        }
    }

    private func perform(_ flight: Flight, origin: TransactionMachine.Origin?, isCancellable: Bool) async -> [[StatementOutcome]] {
        if let refused = self.refusal(of: flight) { return refused }
        self.lastTicket += 1
        let ticket = self.lastTicket
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if isCancellable, Task.isCancelled {
                    let error = PostgresError(.cancelled, "the task was cancelled before the statement was sent")
                    return continuation.resume(returning: flight.segments.map { $0.map { _ in .failed(error) } })
                }
                let statements = flight.segments.reduce(0) { $0 + $1.count }
                self.waiting.append(Waiting(ticket: ticket, statements: statements, origin: origin, continuation: continuation))
                self.pendingStatements += statements
                self.send(self.machine.submit(flight))
            }
        } onCancel: {
            if isCancellable { self.loop.execute { self.assumeIsolated { $0.cancel(ticket: ticket) } } }
        }
    }

    /// The outcomes of a flight that is not sent at all, if so.
    private func refusal(of flight: Flight) -> [[StatementOutcome]]? {
        if let error = self.ending ?? (self.isCancelled ? Self.cancelledBefore : nil) {
            var closed = PostgresError(.connectionClosed, "the connection was closed before the statement was sent", cause: error)
            closed.sqlState = error.sqlState
            return flight.segments.map { $0.map { _ in .lost(closed) } }
        }
        let count = flight.segments.reduce(0) { $0 + $1.count }
        if self.pendingStatements + count > PostgresLimits.maximumPendingStatements {
            let error = PostgresError(.limitExceeded, "\(self.pendingStatements) statements wait for answers on one connection already")
            return flight.segments.map { $0.map { _ in .failed(error) } }
        }
        for (segmentIndex, segment) in flight.segments.enumerated() {
            for (index, sql) in segment.enumerated() {
                do {
                    try sql.checkSendable()
                } catch {
                    var outcomes: [[StatementOutcome]] = flight.segments.map { $0.map { _ in .skipped } }
                    outcomes[segmentIndex][index] = .failed(error)
                    return outcomes
                }
            }
        }
        return nil
    }

    private static let cancelledBefore = PostgresError(.cancelled, "an earlier statement was cancelled on it")

    /// Says something to the server that means nothing, and waits for no answer.
    func touch() {
        self.send(self.machine.touch())
    }

    private func send(_ commands: [PipelineMachine.Command]) {
        for command in commands {
            let isSent =
                switch command {
                case .prepare(let name, let sql): self.libpq.prepare(name.description, sql)
                case .execute(let name, let sql): self.libpq.execute(name.description, sql)
                case .run(let sql): self.libpq.run(sql)
                case .sync: self.libpq.sync()
                }
            if !isSent { return self.receive() }
        }
        self.flush()
    }

    // MARK: The socket

    private func becameReady(_ readiness: Readiness) {
        if readiness.contains(.writable) { self.flush() }
        if !readiness.isDisjoint(with: [.readable, .error]) { self.receive() }
    }

    private func flush() {
        guard self.ending == nil else { return }
        switch self.libpq.flush() {
        case .done: self.registration?.interest = .read
        case .more: self.registration?.interest = [.read, .write]
        case .failed: self.receive()
        }
    }

    /// Reads what is there and hands out answers.
    private func receive() {
        guard self.ending == nil else { return }
        // Under TLS a record of 16 KiB may need two reads, the second of which the socket does not announce.
        for _ in 0..<(self.isEncrypted ? 3 : 1) {
            let isOpen = self.libpq.consumeInput()
            let fatal = self.takeAnswers()
            self.logNotices()
            if let fatal { return self.end(fatal) }
            if !isOpen { return self.end(self.lossError()) }
        }
        self.afterAnswers()
    }

    /// - Returns: the server's own reason, if it is about to close the connection.
    private func takeAnswers() -> PostgresError? {
        var emptyAnswers = 0
        // Asking whether it is busy also makes libpq read what comes unasked.
        while !self.libpq.isBusy, !self.machine.isIdle {
            guard let answer = self.libpq.nextAnswer() else {
                self.machine.answerEnded()
                // Libpq says that an answer has ended once too often here and there, but twice in a row only if it will never say anything else.
                emptyAnswers += 1
                if emptyAnswers > 2 { break }
                continue
            }
            emptyAnswers = 0
            switch answer {
            case .result(let result): self.machine.answered(.result(result))
            case .failed(let error):
                if error.isConnectionLost || error.severity == nil { return error.asLoss }
                self.machine.answered(.failed(error))
            case .aborted: self.machine.answered(.aborted)
            case .sync: if let outcomes = self.machine.synced() { self.complete(outcomes) }
            case .unexpected(let status):
                return PostgresError(.connectionLost, "the server answered with \(status), which nobody asked for")
            }
        }
        self.libpq.dropNotifications()
        return nil
    }

    private func complete(_ outcomes: [[StatementOutcome]]) {
        let waiting = self.waiting.removeFirst()
        self.pendingStatements -= waiting.statements
        if let origin = waiting.origin { self.transaction?.record(outcomes, from: origin) }
        waiting.continuation.resume(returning: outcomes)
    }

    private func afterAnswers() {
        guard self.machine.isIdle else { return }
        self.cancelTimer?.cancel()
        self.cancelTimer = nil
        if self.isHealthy, self.libpq.transactionStatus == .idle {
            let commands = self.machine.housekeeping()
            if !commands.isEmpty { self.send(commands) }
        }
    }

    private func logNotices() {
        for notice in self.libpq.takeNotices() {
            if notice.isConnectionLost { self.lastWords = notice }
            self.logger.debug("PostgreSQL says: \(notice.message)", metadata: [LogKey.severity: "\(notice.severity ?? "")"])
        }
    }

    /// What the server said before it closed an idle connection.
    private var lastWords: PostgresError?

    private func lossError() -> PostgresError {
        if let lastWords = self.lastWords { return lastWords.asLoss }
        let message = self.libpq.errorMessage
        return PostgresError(.connectionLost, message.isEmpty ? "the connection was closed by the server" : message)
    }

    // MARK: The end

    /// Ends the connection and everything that waits on it.
    func end(_ error: PostgresError) {
        guard self.ending == nil else { return }
        self.ending = error
        self.cancelTimer?.cancel()
        self.registration?.cancel()
        self.registration = nil
        for outcomes in self.machine.lost(error) { self.complete(outcomes) }
        self.transaction?.lose(error)
        self.libpq.finish()
        for handler in self.closeHandlers { handler() }
        self.closeHandlers.removeAll()
    }

    /// Closes the connection; what is under way on it is lost. Idempotent.
    package func close() {
        self.end(PostgresError(.connectionClosed, "the connection was closed"))
    }

    // MARK: Cancelling

    /// Cancels whatever the server does for this connection, which takes no flights afterwards and must be discarded (rule 27).
    ///
    /// Returns when the server has taken the request. If what is under way is not answered within ``PostgresConfiguration/cancelTimeout``, the
    /// connection is closed.
    package func cancel() async {
        guard self.isHealthy else { return }
        self.isCancelled = true
        if self.machine.isIdle { return }
        self.cancelTimer = self.loop.schedule(after: self.configuration.cancelTimeout) {
            self.assumeIsolated { $0.end(PostgresError(.connectionLost, "the server did not end a cancelled statement in time")) }
        }
        await self.requestCancel()
    }

    /// How soon a cancel request is made again.
    private static let cancelInterval = Duration.milliseconds(200)

    /// A request that reaches the server before the statement has begun there is lost, so it is made again until the statement is answered.
    private func requestCancel() async {
        guard self.ending == nil, !self.machine.isIdle, let request = self.libpq.makeCancelRequest() else { return }
        if let problem = await DedicatedThread.run(name: "wherry-cancel", { request.send() }) {
            self.logger.debug("a cancel request could not be sent: \(problem)")
        }
        self.loop.schedule(after: Self.cancelInterval) { [weak self] in
            guard let self else { return }
            Task { await self.requestCancel() }
        }
    }

    private func cancel(ticket: UInt64) {
        guard self.waiting.contains(where: { $0.ticket == ticket }) else { return }
        // Cancellation handlers cannot wait, and nobody has to: the statement's own answer tells how it went.
        Task { await self.cancel() }
    }
}

extension PostgresError {
    /// The same, told as the death of a connection.
    fileprivate var asLoss: PostgresError {
        var error = self
        error.code = .connectionLost
        return error
    }
}
