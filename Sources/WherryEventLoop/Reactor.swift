internal import WherryCore

/// The half of an event loop that looks outward: descriptors, sockets and timers. Loop thread only.
final class Reactor {
    var polled = PollSet()
    var timers = TimerHeap<() -> Void>()

    private let wakeUp: WakeUp
    private let alarmClock = AlarmClock()
    private let wakeUpSlot: Int
    private let alarmClockSlot: Int?
    /// Whether the last poll left something to dispatch.
    private var hasReadiness = false

    init(wakeUp: WakeUp) {
        self.wakeUp = wakeUp
        self.wakeUpSlot = self.polled.addOwn(descriptor: wakeUp.descriptor)
        self.alarmClockSlot = if let alarmClock { self.polled.addOwn(descriptor: alarmClock.descriptor) } else { nil }
    }

    /// Whether a timer has fallen due.
    var hasDueTimer: Bool {
        guard let earliest = self.timers.earliest else { return false }
        return earliest <= EventLoop.now
    }

    /// Finds out what is ready; runs nothing yet.
    ///
    /// - Parameter mayWait: whether to wait until something is ready, the loop is woken or a timer falls due.
    func poll(mayWait: Bool) {
        switch self.polled.poll(milliseconds: mayWait ? self.longestWait() : 0) {
        case .ready(let count): self.hasReadiness = count > 0
        case .interrupted: self.hasReadiness = false
        case .invalidEntry:
            self.hasReadiness = false
            for registration in self.polled.invalidSockets() {
                self.drop(registration, after: Readiness(of: registration.interest).union(.error))
            }
        }
    }

    /// Tells the owners what the last poll found.
    ///
    /// - Returns: whether there was something to tell.
    @discardableResult
    func dispatch() -> Bool {
        guard self.hasReadiness else { return false }
        self.hasReadiness = false
        var toldSomebody = false
        // What handlers register meanwhile has no readiness yet, so it does no harm that the count is taken beforehand.
        for slot in 0..<self.polled.count {
            guard let (readiness, registration) = self.polled.takeReadiness(slot: slot) else { continue }
            if slot == self.wakeUpSlot {
                self.wakeUp.clear()
            } else if slot == self.alarmClockSlot {
                self.alarmClock?.clear()
            } else if let registration {
                toldSomebody = true
                self.tell(registration, readiness)
            }
        }
        return toldSomebody
    }

    /// Runs the timers that are due, after the I/O that is there.
    func fireTimers() {
        guard self.hasDueTimer else { return }
        for _ in 0..<EventLoop.passesBeforeTimers {
            self.poll(mayWait: false)
            if !self.dispatch() { break }
        }
        let now = EventLoop.now
        // Those that a body schedules wait for the next turn, even if they are due already.
        for _ in 0..<self.timers.count {
            guard let body = self.timers.popDue(at: now) else { break }
            body()
        }
    }

    /// Drops everything that is registered and scheduled.
    ///
    /// - Returns: whether there was anything.
    func abandon() -> Bool {
        let registrations = self.polled.removeAll()
        for registration in registrations { registration.invalidate() }
        // Bodies are let go after the heap is at rest: their `deinit`s may call back.
        let timers = self.timers
        self.timers = TimerHeap()
        return !registrations.isEmpty || !timers.isEmpty
    }

    private func tell(_ registration: Registration, _ readiness: Readiness) {
        let wanted = Readiness(of: registration.interest)
        if readiness == .error {
            self.drop(registration, after: wanted.union(.error))
        } else if readiness.contains(.error) {
            registration.handler?(wanted.union(.error))
        } else if !readiness.isDisjoint(with: wanted) {
            // Not all of it, perhaps: a handler before this one may have changed the interest.
            registration.handler?(readiness.intersection(wanted))
        }
    }

    /// Tells an owner for the last time: nothing more can come of it, and polling it further would keep the loop spinning.
    private func drop(_ registration: Registration, after readiness: Readiness) {
        let handler = registration.handler
        registration.cancel()
        handler?(readiness)
    }

    /// How long a poll may wait, in milliseconds; -1 is for ever, for the alarm clock ends it.
    private func longestWait() -> Int {
        guard let earliest = self.timers.earliest else { return -1 }
        if let alarmClock = self.alarmClock {
            alarmClock.ring(by: earliest)
            return -1
        }
        // Upwards, so that a timer never fires early and the loop does not spin through the last millisecond.
        let nanoseconds = (earliest - EventLoop.now).saturatedNanoseconds
        return Int(min(max(nanoseconds, 0) / 1_000_000 + 1, Int64(CInt.max)))
    }
}
