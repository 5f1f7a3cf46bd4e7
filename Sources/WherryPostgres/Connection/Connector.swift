internal import WherryCore
internal import WherryEventLoop

/// One try to make a connection: a thread that blocks, a timer and the caller's patience, of which the first one decides.
actor Connector {
    nonisolated let loop: EventLoop
    // SAFETY: the loop lives as long as this actor, which holds it.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe self.loop.asUnownedSerialExecutor() }

    private let opening: ConnectionOpening
    private let timeout: Duration
    private var continuation: CheckedContinuation<Result<LibPQ, PostgresError>, Never>?
    private var timer: LoopTimer?

    init(_ configuration: PostgresConfiguration, loop: EventLoop) throws(PostgresError) {
        self.loop = loop
        self.opening = try ConnectionOpening(configuration)
        self.timeout = configuration.connectTimeout
    }

    /// Connects; once only.
    func connect() async throws(PostgresError) -> LibPQ {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { self.begin($0) }
        } onCancel: {
            self.finish(.failure(PostgresError(.cancelled, "the task was cancelled while connecting")))
        }
        return try result.get()
    }

    private func begin(_ continuation: CheckedContinuation<Result<LibPQ, PostgresError>, Never>) {
        if Task.isCancelled {
            return continuation.resume(returning: .failure(PostgresError(.cancelled, "the task was cancelled before connecting")))
        }
        self.continuation = continuation
        self.timer = self.loop.schedule(after: self.timeout) {
            self.finish(.failure(PostgresError(.connectTimeout, "no connection could be made within \(self.timeout)")))
        }
        DedicatedThread.detach(name: "wherry-connect") { self.finish(self.opening.run()) }
    }

    /// Any thread. What comes after the first is let go; a connection closes itself then.
    private nonisolated func finish(_ result: Result<LibPQ, PostgresError>) {
        self.loop.execute { self.assumeIsolated { $0.end(with: result) } }
    }

    private func end(with result: Result<LibPQ, PostgresError>) {
        guard let continuation = self.continuation else { return }
        self.continuation = nil
        self.timer?.cancel()
        self.opening.abandon()
        continuation.resume(returning: result)
    }
}
