package import WherryCore

/// A body that an event loop runs once, at its deadline. Loop thread only.
///
/// The loop keeps the body until it has run or is cancelled; dropping this handle cancels nothing.
package final class LoopTimer {
    private let loop: EventLoop
    private let key: TimerHeap<() -> Void>.Key

    /// When it falls due.
    package let deadline: MonotonicInstant

    init(loop: EventLoop, key: TimerHeap<() -> Void>.Key, deadline: MonotonicInstant) {
        self.loop = loop
        self.key = key
        self.deadline = deadline
    }

    /// Whether it has yet to run.
    package var isPending: Bool { self.loop.isPending(self.key) }

    /// Takes it back, and lets go of its body at once. Idempotent; does nothing if it has run.
    package func cancel() {
        self.loop.cancelTimer(self.key)
    }
}
