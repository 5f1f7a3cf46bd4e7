import Synchronization
package import WherryCore
import WherryEventLoop
package import WherryWire

/// Takes what a handler reports, and lets no more of it out than callers and brokers can bear.
///
/// The first report goes out at once. What comes within ``minimumInterval`` after one waits until the interval is over, and the newest takes
/// the place of those before it; the last one of a handler that returns goes out when it does.
package final class ProgressReporter: Sendable {
    /// The least time between two reports of one job: 100 ms.
    package static let minimumInterval = Duration.milliseconds(100)
    /// The most bytes that an encoded report may have: 64 KiB.
    package static let maximumSize = 64 << 10

    fileprivate struct State {
        var next: UInt64 = 0
        var sentAt: MonotonicInstant?
        /// The newest report that waits for its time.
        var held: [UInt8]?
        var hasTimer = false
        var isOpen = false
    }

    private let id: JobID
    private let contentType: String
    private let send: @Sendable (Partial) -> Void
    private let state = Locked(State())

    /// - Parameters:
    ///   - contentType: of the reports' bytes.
    ///   - send: carries a report away; called on any thread.
    package init(id: JobID, contentType: String, send: @escaping @Sendable (Partial) -> Void) {
        self.id = id
        self.contentType = contentType
        self.send = send
    }

    /// A handler begins. Another run of it before this one has nothing more to say.
    package func begin() {
        self.state.withLock { state in
            state.next = 0
            state.sentAt = nil
            state.held = nil
            state.isOpen = true
        }
    }

    /// The handler has ended: what waits goes out if it `returned`, and nothing comes after it.
    package func end(returned: Bool) {
        let last = self.state.withLock { state in
            defer {
                state.isOpen = false
                state.held = nil
            }
            return returned ? state.held.map { state.number($0) } : nil
        }
        self.send(last)
    }

    /// Takes a report, encoded.
    package func report(_ bytes: [UInt8], now: MonotonicInstant = EventLoop.now) {
        let (due, wait): ((UInt64, [UInt8])?, Duration?) = self.state.withLock { state in
            guard state.isOpen else { return (nil, nil) }
            guard let sentAt = state.sentAt, now - sentAt < Self.minimumInterval else {
                state.sentAt = now
                state.held = nil
                return (state.number(bytes), nil)
            }
            state.held = bytes
            guard !state.hasTimer else { return (nil, nil) }
            state.hasTimer = true
            return (nil, Self.minimumInterval - (now - sentAt))
        }
        self.send(due)
        if let wait { self.look(after: wait) }
    }

    private func look(after wait: Duration) {
        let loop = EventLoop.shared
        loop.execute { loop.schedule(after: wait) { self.timePassed(now: loop.now) } }
    }

    /// Sends what waits, if its time has come.
    private func timePassed(now: MonotonicInstant) {
        let due = self.state.withLock { state -> (UInt64, [UInt8])? in
            state.hasTimer = false
            guard let bytes = state.held else { return nil }
            state.held = nil
            state.sentAt = now
            return state.number(bytes)
        }
        self.send(due)
    }

    private func send(_ report: (sequence: UInt64, bytes: [UInt8])?) {
        guard let report else { return }
        self.send(Partial(id: self.id, sequence: report.sequence, contentType: self.contentType, payload: report.bytes))
    }
}

extension ProgressReporter.State {
    fileprivate mutating func number(_ bytes: [UInt8]) -> (UInt64, [UInt8]) {
        defer { self.next += 1 }
        return (self.next, bytes)
    }
}
