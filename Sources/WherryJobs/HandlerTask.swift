import Synchronization
import WherryCore

/// A handler on its way, in a task of its own, so that one which ignores its cancellation can be left behind: there is no killing it.
final class HandlerTask: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var result: Result<[UInt8], any Error>?
        /// Resumed with whether the handler has ended.
        var waiter: CheckedContinuation<Bool, Never>?

        mutating func takeWaiter() -> CheckedContinuation<Bool, Never>? {
            defer { self.waiter = nil }
            return self.waiter
        }
    }

    private let state = Locked(State())

    /// Begins a handler.
    ///
    /// - Parameters:
    ///   - stop: is told when it has returned.
    ///   - body: the handler.
    init(stop: JobStop, _ body: @escaping @Sendable () async throws -> [UInt8]) {
        let task = Task { @concurrent in
            do {
                self.end(.success(try await body()))
            } catch {
                RunSpan.current?.failed(error)
                self.end(.failure(error))
            }
            stop.returned()
        }
        self.state.withLock { $0.task = task }
    }

    /// What it returned or threw, once it has.
    var result: Result<[UInt8], any Error>? { self.state.withLock { $0.result } }

    func cancel() {
        self.state.withLock { $0.task }?.cancel()
    }

    /// Waits for its end, whatever happens to the task that waits.
    ///
    /// - Returns: whether it came in time.
    func ends(within patience: Duration) async -> Bool {
        let timer = Task.detached {
            try? await Task.sleep(for: patience)
            self.state.withLock { $0.takeWaiter() }?.resume(returning: false)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            let hasEnded = self.state.withLock { state in
                if state.result == nil { state.waiter = continuation }
                return state.result != nil
            }
            if hasEnded { continuation.resume(returning: true) }
        }
    }

    private func end(_ result: Result<[UInt8], any Error>) {
        let waiter = self.state.withLock { state in
            state.result = result
            return state.takeWaiter()
        }
        waiter?.resume(returning: true)
    }
}
