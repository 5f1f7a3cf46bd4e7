internal import CLibZMQ
internal import WherryCore

/// A descriptor that becomes readable at a set time, since `zmq_poll` knows whole milliseconds only. A timerfd; Linux only.
final class AlarmClock {
    let descriptor: CInt
    /// When it will ring; `nil` if it is not set.
    private var setTo: MonotonicInstant?

    /// Returns `nil` where there is no such thing.
    init?() {
        self.descriptor = wherry_timer_open()
        if self.descriptor < 0 { return nil }
    }

    deinit {
        wherry_descriptor_close(self.descriptor)
    }

    /// Makes sure that it rings at an instant or earlier.
    ///
    /// Ringing early costs a turn of the loop, setting it a system call; most deadlines move away again before they are reached.
    func ring(by instant: MonotonicInstant) {
        if let setTo = self.setTo, setTo <= instant { return }
        let result = wherry_timer_arm(self.descriptor, instant.nanoseconds)
        precondition(result == 0, "cannot set a timer: errno \(zmq_errno())")
        self.setTo = instant
    }

    /// To be called when it rang.
    func clear() {
        wherry_descriptor_drain(self.descriptor)
        self.setTo = nil
    }
}
