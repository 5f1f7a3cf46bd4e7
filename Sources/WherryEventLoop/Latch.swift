internal import Synchronization
internal import WherryCore

/// Something that happens once and that any number of tasks may wait for, before or after.
package final class Latch: Sendable {
    private enum State {
        case closed(waiting: [CheckedContinuation<Void, Never>])
        case open
    }

    private let state = Locked(State.closed(waiting: []))

    package init() {}

    /// Lets everybody through, now and later.
    package func open() {
        let waiting = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard case .closed(let waiting) = state else { return [] }
            state = .open
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Suspends until the latch is open. Not cancelled with its task: what it waits for ends by itself.
    package func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = self.state.withLock { state -> Bool in
                guard case .closed(var waiting) = state else { return true }
                waiting.append(continuation)
                state = .closed(waiting: waiting)
                return false
            }
            if isOpen { continuation.resume() }
        }
    }
}
