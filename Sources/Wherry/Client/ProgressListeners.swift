import Synchronization
import WherryCore
import WherryWire

/// Those who listen to one job's progress.
///
/// A lock of its own: reports come often, and what waits for the job's end has nothing to do with them.
final class ProgressListeners: Sendable {
    private struct State {
        var newest: JobProgress?
        var hasEnded = false
        var listeners: [Int: AsyncStream<JobProgress>.Continuation] = [:]
        var lastNumber = 0
    }

    private let state = Locked(State())

    func report(_ progress: JobProgress) {
        let listeners = self.state.withLock { state in
            state.newest = progress
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.yield(progress) }
    }

    func end() {
        let listeners = self.state.withLock { state in
            state.hasEnded = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }

    func makeStream() -> AsyncStream<JobProgress> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: JobProgress.self, bufferingPolicy: .bufferingNewest(JobProgressSequence.bufferLimit))
        let (number, newest) = self.state.withLock { state -> (Int?, JobProgress?) in
            guard !state.hasEnded else { return (nil, state.newest) }
            state.lastNumber += 1
            state.listeners[state.lastNumber] = continuation
            // Inside of the lock, so that nothing newer comes before it.
            if let newest = state.newest { continuation.yield(newest) }
            return (state.lastNumber, nil)
        }
        if let number {
            continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.listeners[number] = nil } }
        } else {
            if let newest { continuation.yield(newest) }
            continuation.finish()
        }
        return stream
    }
}

extension PendingJob {
    /// The handler reported something.
    func report(_ partial: Partial, run: Int) {
        self.listeners.report(JobProgress(partial, run: run, name: self.name))
    }

    func makeProgressStream() -> AsyncStream<JobProgress> {
        self.listeners.makeStream()
    }
}
