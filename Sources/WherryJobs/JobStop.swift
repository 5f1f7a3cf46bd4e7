import Synchronization
import WherryCore

/// Tells the handler of one job to stop before it has returned. From any thread, at any time; whoever comes first is heard.
package final class JobStop: Sendable {
    /// Why a handler is stopped.
    package enum Reason: Sendable, Hashable {
        /// It has run for as long as its options allow.
        case timedOut
        /// The job's deadline has come.
        case expired
        /// Its caller gave it up.
        case cancelled
        /// The worker drains and its patience is over.
        case drained
    }

    private struct State {
        /// The caller gave the job up: that holds for every further run of it here.
        var isCancelled = false
        var reason: Reason?
        var waiter: CheckedContinuation<Reason, Never>?
    }

    private let state = Locked(State())

    package init() {}

    /// The caller gave the job up. Idempotent; a run that has returned already is not touched by it.
    package func cancel() {
        self.state.withLock { $0.isCancelled = true }
        self.stop(.cancelled)
    }

    /// Whether its caller gave the job up.
    package var isCancelled: Bool { self.state.withLock { $0.isCancelled } }

    /// Stops the run that is under way.
    func stop(_ reason: Reason) {
        let waiter = self.state.withLock { state in
            if state.reason == nil { state.reason = reason }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: reason)
    }

    /// A run begins: what stopped the one before is forgotten.
    func reset() {
        self.state.withLock { state in
            precondition(state.waiter == nil, "one run at a time")
            state.reason = state.isCancelled ? .cancelled : nil
        }
    }

    /// Waits until the run is stopped, or the task cancelled.
    func wait() async -> Reason {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let reason = self.state.withLock { state in
                    if state.reason == nil { state.waiter = continuation }
                    return state.reason
                }
                if let reason { continuation.resume(returning: reason) }
            }
        } onCancel: {
            self.stop(.drained)
        }
    }
}
