/// A descriptor or socket that an event loop watches. Loop thread only.
///
/// The loop keeps it, and its handler, until it is cancelled; dropping the last reference of one's own cancels nothing.
package final class Registration {
    /// What is watched.
    @safe enum Source {
        case descriptor(CInt)
        // SAFETY: a pointer that only libzmq looks into; the socket stays open until its owner has cancelled the registration.
        case zeroMQSocket(UnsafeMutableRawPointer)
    }

    let source: Source
    /// Where it stands in the loop's poll set; meaningless once it is cancelled.
    var slot = 0
    /// `nil` once cancelled, so that whatever the handler holds is let go.
    private(set) var handler: ((Readiness) -> Void)?
    private let loop: EventLoop

    /// What its owner wants to hear of. With nothing in it, the descriptor is not polled at all, errors included.
    package var interest: Interest {
        didSet {
            if self.interest != oldValue, !self.isCancelled { self.loop.interestChanged(self) }
        }
    }

    init(_ source: Source, interest: Interest, loop: EventLoop, handler: @escaping (Readiness) -> Void) {
        self.source = source
        self.interest = interest
        self.loop = loop
        self.handler = handler
    }

    /// Whether the loop no longer watches it: it was cancelled, or dropped because nothing more can come of its descriptor.
    package var isCancelled: Bool { self.handler == nil }

    /// Stops watching, at once: the handler is not called again, not even for what this turn of the loop has seen already. Idempotent.
    ///
    /// Cancel before closing the descriptor: its number may be given out again at once.
    package func cancel() {
        guard !self.isCancelled else { return }
        self.loop.remove(self)
        self.invalidate()
    }

    /// Lets the handler go without telling the loop, which does so itself.
    func invalidate() {
        self.handler = nil
    }
}
