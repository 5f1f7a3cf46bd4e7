import Synchronization
import WherryCore

/// Whether the handler of one job returned or was stopped before that. From any thread, at any time; whoever comes first is heard.
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

    private enum End {
        case returned
        case stopped(Reason)

        var reason: Reason? {
            switch self {
            case .returned: nil
            case .stopped(let reason): reason
            }
        }
    }

    private struct State {
        /// The caller gave the job up: that holds for every further run of it here.
        var isCancelled = false
        var end: End?
        var waiter: CheckedContinuation<Reason?, Never>?
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
        self.end(.stopped(reason))
    }

    /// The handler has returned, or thrown.
    func returned() {
        self.end(.returned)
    }

    private func end(_ end: End) {
        let waiter = self.state.withLock { state in
            if state.end == nil { state.end = end }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: end.reason)
    }

    /// A run begins: what ended the one before is forgotten.
    func reset() {
        self.state.withLock { state in
            precondition(state.waiter == nil, "one run at a time")
            state.end = state.isCancelled ? .stopped(.cancelled) : nil
        }
    }

    /// Waits until the run is stopped, the task cancelled, or the handler has returned: then there is no reason.
    func wait() async -> Reason? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let end = self.state.withLock { state in
                    if state.end == nil { state.waiter = continuation }
                    return state.end
                }
                if let end { continuation.resume(returning: end.reason) }
            }
        } onCancel: {
            self.stop(.drained)
        }
    }
}
