internal import CLibZMQ

/// A descriptor that any thread can make readable, to wake a loop that waits for it: an eventfd on Linux, a pipe elsewhere.
final class WakeUp: Sendable {
    /// The end that the loop polls.
    let descriptor: CInt
    private let signalled: CInt

    init() {
        var ends: (CInt, CInt) = (-1, -1)
        // SAFETY: the tuple is two adjacent `int`s, and the pointer is used only during the call.
        let result = unsafe withUnsafeMutableBytes(of: &ends) { bytes in
            unsafe wherry_wake_open(bytes.assumingMemoryBound(to: CInt.self).baseAddress)
        }
        if result != 0 { fatalError("cannot open a wake-up descriptor: errno \(zmq_errno())") }
        (self.descriptor, self.signalled) = ends
    }

    deinit {
        wherry_wake_close(self.descriptor, self.signalled)
    }

    /// Makes the descriptor readable. Any thread.
    func signal() {
        wherry_wake_signal(self.signalled)
    }

    /// Makes it unreadable again. Loop thread only.
    func clear() {
        wherry_descriptor_drain(self.descriptor)
    }
}
