import Synchronization
package import WherryCore

/// A clock that moves when a test says so.
///
/// ```swift
/// let clock = ManualClock()
/// async let result = poll(clock: clock)      // sleeps on it
/// try await clock.sleepers(1)                // now it does
/// clock.advance(by: .seconds(5))             // and now it wakes
/// ```
public final class ManualClock: Clock, Sendable {
    /// A moment: so long after the clock was made.
    public struct Instant: InstantProtocol, Hashable, Sendable {
        /// Time since the clock's beginning.
        public var offset: Duration

        /// - Parameter offset: time since the clock's beginning.
        public init(offset: Duration) { self.offset = offset }

        /// So much later.
        public func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        /// How much later the other is.
        public func duration(to other: Instant) -> Duration { other.offset - self.offset }
        /// Whether it is earlier.
        public static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private typealias Continuation = CheckedContinuation<Void, any Error>

    private struct State: Sendable {
        var now = Instant(offset: .zero)
        var nextID = 0
        /// Who sleeps, by the order in which they lay down.
        var sleepers: [Int: (deadline: Instant, continuation: Continuation)] = [:]
        /// Who waits for so many sleepers.
        var watchers: [Int: (count: Int, continuation: Continuation)] = [:]
        /// Cancelled before their continuation came in.
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// Makes a clock that stands at its beginning.
    public init() {}

    /// The moment it stands at.
    public var now: Instant { self.state.withLock { $0.now } }

    /// The same for state machines, which are told the time.
    package var moment: MonotonicInstant { .zero + self.now.offset }

    /// It can be moved by any duration.
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// Moves it, and wakes, in order of their deadlines, everybody who is due.
    ///
    /// - Precondition: the duration is not negative.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "a clock does not go back")
        let due = self.state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }.map(\.value.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Waits until at least so many tasks sleep on the clock: the signal that it may be moved.
    ///
    /// - Throws: `CancellationError`.
    public func sleepers(_ count: Int) async throws {
        try await self.suspend { state, id, continuation in
            guard state.sleepers.count < count else { return true }
            state.watchers[id] = (count, continuation)
            return false
        }
    }

    /// Sleeps until the clock has been moved that far.
    ///
    /// - Throws: `CancellationError`.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        try await self.suspend { state, id, continuation in
            guard state.now < deadline else { return true }
            state.sleepers[id] = (deadline, continuation)
            return false
        }
    }

    /// Suspends the task unless `park` finds that there is no need; otherwise `park` has put the continuation away.
    private func suspend(_ park: @Sendable (inout State, Int, Continuation) -> Bool) async throws {
        let id = self.state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: Continuation) in
                let (result, satisfied) = self.state.withLock { state -> (Result<Void, any Error>?, [Continuation]) in
                    if state.cancelled.remove(id) != nil { return (.failure(CancellationError()), []) }
                    if park(&state, id, continuation) { return (.success(()), []) }
                    let satisfied = state.watchers.filter { $0.value.count <= state.sleepers.count }
                    for id in satisfied.keys { state.watchers[id] = nil }
                    return (nil, satisfied.map(\.value.continuation))
                }
                if let result { continuation.resume(with: result) }
                for watcher in satisfied { watcher.resume() }
            }
        } onCancel: {
            let continuation = self.state.withLock { state in
                let parked = state.sleepers.removeValue(forKey: id)?.continuation ?? state.watchers.removeValue(forKey: id)?.continuation
                if parked == nil { state.cancelled.insert(id) }
                return parked
            }
            continuation?.resume(throwing: CancellationError())
        }
        self.state.withLock { _ = $0.cancelled.remove(id) }
    }
}
