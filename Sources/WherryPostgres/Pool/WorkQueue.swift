internal import DequeModule
internal import Synchronization
internal import WherryCore

/// A queue with one reader, whom cancellation of its task does not end: what was put in is handed out until `finish()`.
///
/// An `AsyncStream` ends with its reader's task, and what lies in it then is never done.
final class WorkQueue<Work: Sendable>: Sendable {
    private struct State {
        var work = Deque<Work>()
        var isFinished = false
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = Locked(State())

    /// Puts something in; after `finish()` it is dropped.
    func add(_ work: Work) {
        let reader = self.state.withLock { state in
            if !state.isFinished { state.work.append(work) }
            return state.reader.take()
        }
        reader?.resume()
    }

    /// Nothing more comes. What is in the queue is still handed out.
    func finish() {
        let reader = self.state.withLock { state in
            state.isFinished = true
            return state.reader.take()
        }
        reader?.resume()
    }

    /// The next piece of work; `nil` when it is finished and empty. One caller at a time.
    func next() async -> Work? {
        while true {
            let (work, isFinished) = self.state.withLock { ($0.work.popFirst(), $0.isFinished) }
            if let work { return work }
            if isFinished { return nil }
            await withCheckedContinuation { continuation in
                let isReady = self.state.withLock { state in
                    if state.isFinished || !state.work.isEmpty { return true }
                    precondition(state.reader == nil, "two readers of one queue")
                    state.reader = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }
}
