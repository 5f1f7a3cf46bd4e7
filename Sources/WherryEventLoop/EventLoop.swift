internal import CLibZMQ
internal import DequeModule
internal import Synchronization
package import WherryCore

/// One thread that watches every ZeroMQ socket and every descriptor of its owners, runs their timers, and is the executor of their actors.
///
/// An actor whose `unownedExecutor` is a loop runs on its thread, so a handler of that loop is inside the actor already:
/// ```swift
/// actor Shell {
///     nonisolated let loop: EventLoop
///     nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }
///     func start() {
///         self.registration = self.loop.register(descriptor: self.descriptor, interest: .read) { [unowned self] readiness in
///             self.assumeIsolated { $0.becameReady(readiness) }
///         }
///     }
/// }
/// ```
/// Nothing on the loop may block. A turn of the loop runs at most ``jobsPerTurn`` jobs, then looks at its descriptors, so neither starves the
/// other; timers fire after the I/O that was there before them, so that a process that was frozen reads what its peers sent in the meantime
/// before it believes that they are dead. Everything is level-triggered, and so free of the edge-trigger trap of `ZMQ_FD`.
package final class EventLoop: Sendable {
    /// The process's default loop. It is never shut down.
    package static let shared = EventLoop()

    /// How many jobs run before the loop looks at its descriptors again.
    package static let jobsPerTurn = 256
    /// How often the loop looks for I/O that is still there before it fires timers that are due: a flood must not hold them up for ever.
    package static let passesBeforeTimers = 8

    /// What the loop is asked to run by others.
    enum Work: Sendable {
        case job(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    struct Inbox: Sendable {
        var work = Deque<Work>()
        /// The loop waits, or is about to, and somebody who brings work must wake it.
        var isAsleep = false
        var isEnding = false
        /// The thread has run its last job; work goes to the shared loop's thread from now on.
        var hasEnded = false
    }

    let inbox = Locked(Inbox())
    private let wakeUp: WakeUp
    private let thread = Locked<DedicatedThread?>(nil)
    /// Which thread runs this loop's jobs; zero until it has started.
    private let threadIdentity = Atomic<UInt>(0)
    private let hasShutDown = Latch()
    // SAFETY: touched only by the thread that runs this loop's jobs; each way to it checks that.
    private nonisolated(unsafe) let reactor: Reactor

    /// Starts a loop on a thread of its own. Somebody must `shutdown()` it: until then its thread keeps it alive.
    ///
    /// - Parameter name: the thread's name; Linux shows 15 bytes of it.
    package init(name: String = "wherry-loop") {
        let wakeUp = WakeUp()
        self.wakeUp = wakeUp
        unsafe self.reactor = Reactor(wakeUp: wakeUp)
        let thread = DedicatedThread(name: name) { self.runUntilEnd() }
        // The thread does the same; whoever is first.
        self.threadIdentity.store(thread.identity, ordering: .relaxed)
        self.thread.withLock { $0 = thread }
    }

    // MARK: Any thread

    /// Now, by the clock of all loops. It goes on while the machine is suspended.
    package static var now: MonotonicInstant { MonotonicInstant(nanoseconds: wherry_clock_now()) }

    /// Now, by the clock of all loops.
    package var now: MonotonicInstant { Self.now }

    /// Whether the caller runs on this loop's thread. (After its end: on the thread that took over its work.)
    package var isOnLoop: Bool { self.threadIdentity.load(ordering: .relaxed) == DedicatedThread.currentIdentity }

    /// Runs a body on the loop soon, after what was asked before.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        self.enqueue(.closure(body))
    }

    func enqueue(_ work: Work) {
        let (mustWake, hasEnded) = self.inbox.withLock { inbox -> (Bool, Bool) in
            if inbox.hasEnded { return (false, true) }
            inbox.work.append(work)
            defer { inbox.isAsleep = false }
            return (inbox.isAsleep, false)
        }
        if mustWake { self.wakeUp.signal() }
        if hasEnded { self.runLate(work) }
    }

    /// Ends the loop: runs everything enqueued, drops what is still registered or scheduled, joins the thread. Idempotent; not for ``shared``.
    ///
    /// Actors on this loop go on working afterwards, on the shared loop's thread, so that none of their callers hangs; but nothing that they
    /// register or schedule on this loop is served any more.
    package func shutdown() async {
        precondition(self !== Self.shared, "the shared event loop is never shut down")
        let (isFirst, mustWake) = self.inbox.withLock { inbox -> (Bool, Bool) in
            if inbox.isEnding { return (false, false) }
            inbox.isEnding = true
            defer { inbox.isAsleep = false }
            return (true, inbox.isAsleep)
        }
        if mustWake { self.wakeUp.signal() }
        guard isFirst else { return await self.hasShutDown.wait() }
        let thread = self.thread.withLock { $0 }
        await DedicatedThread.run(name: "wherry-join") { thread?.join() }
        self.hasShutDown.open()
    }

    // MARK: Loop thread only

    /// Watches a descriptor, from the next turn of the loop on. Loop thread only.
    ///
    /// A descriptor that can only report errors from now on (it is not open, or hung up with nothing left to read) is reported once, with
    /// ``Readiness/error`` and all that the owner is interested in, and then dropped: see ``Registration/isCancelled``.
    ///
    /// - Parameters:
    ///   - descriptor: stays its owner's, who cancels the registration before closing it.
    ///   - interest: what to watch for; may be changed later.
    ///   - handler: called on the loop; it may register, change and cancel anything, itself included.
    package func register(
        descriptor: CInt,
        interest: Interest,
        _ handler: @escaping (Readiness) -> Void
    ) -> Registration {
        self.register(Registration(.descriptor(descriptor), interest: interest, loop: self, handler: handler))
    }

    /// Watches a ZeroMQ socket, from the next turn of the loop on. Loop thread only.
    ///
    /// If its context is terminated under it, that is reported once with ``Readiness/error``, and the registration is dropped.
    ///
    /// - Parameters:
    ///   - zeroMQSocket: stays its owner's, who cancels the registration before closing it.
    ///   - interest: what to watch for; may be changed later.
    ///   - handler: called on the loop; it may register, change and cancel anything, itself included.
    package func register(
        zeroMQSocket: UnsafeMutableRawPointer,
        interest: Interest,
        _ handler: @escaping (Readiness) -> Void
    ) -> Registration {
        // SAFETY: the owner keeps the socket open until the registration is cancelled.
        unsafe self.register(Registration(.zeroMQSocket(zeroMQSocket), interest: interest, loop: self, handler: handler))
    }

    private func register(_ registration: Registration) -> Registration {
        self.onLoop { reactor in reactor.polled.add(registration) }
        return registration
    }

    func interestChanged(_ registration: Registration) {
        self.onLoop { reactor in reactor.polled.update(registration) }
    }

    func remove(_ registration: Registration) {
        self.onLoop { reactor in reactor.polled.remove(registration) }
    }

    /// Runs a body once a time is reached; never earlier, and after the I/O that is there by then. Loop thread only.
    ///
    /// Timers of one instant run in the order in which they were made. On Linux they are right to some 0.1 ms on an idle machine.
    @discardableResult
    package func schedule(at deadline: MonotonicInstant, _ body: @escaping () -> Void) -> LoopTimer {
        let key = self.onLoop { reactor in reactor.timers.insert(body, at: deadline) }
        return LoopTimer(loop: self, key: key, deadline: deadline)
    }

    /// Runs a body once a duration has passed. Loop thread only.
    @discardableResult
    package func schedule(after duration: Duration, _ body: @escaping () -> Void) -> LoopTimer {
        self.schedule(at: self.now + duration, body)
    }

    func cancelTimer(_ key: TimerHeap<() -> Void>.Key) {
        // The body, and what it holds, is let go after the heap is at rest: its `deinit`s may call back.
        _ = self.onLoop { reactor in reactor.timers.remove(key) }
    }

    func isPending(_ key: TimerHeap<() -> Void>.Key) -> Bool {
        self.onLoop { reactor in reactor.timers.contains(key) }
    }

    /// How many registrations the loop has. Loop thread only.
    package var registrationCount: Int { self.onLoop { reactor in reactor.polled.registrationCount } }

    /// How many timers are pending. Loop thread only.
    package var timerCount: Int { self.onLoop { reactor in reactor.timers.count } }

    private func onLoop<Result>(_ body: (Reactor) -> Result) -> Result {
        precondition(self.isOnLoop, "called outside of the event loop's thread")
        // SAFETY: on the loop's thread, as just checked.
        return unsafe body(self.reactor)
    }

    // MARK: The thread

    private func runUntilEnd() {
        self.threadIdentity.store(DedicatedThread.currentIdentity, ordering: .relaxed)
        // SAFETY: this is the loop's thread.
        let reactor = unsafe self.reactor
        var backlog = Deque<Work>()
        while true {
            self.runSome(of: &backlog)
            switch self.nextStep(hasMore: !backlog.isEmpty || reactor.hasDueTimer) {
            case .look:
                reactor.poll(mayWait: false)
            case .wait:
                reactor.poll(mayWait: true)
                self.inbox.withLock { $0.isAsleep = false }
            case .end:
                // What is dropped may enqueue work as it goes.
                if !reactor.abandon(), self.end() { return }
            }
            reactor.dispatch()
            reactor.fireTimers()
        }
    }

    private enum Step {
        case look
        case wait
        case end
    }

    private func nextStep(hasMore: Bool) -> Step {
        if hasMore { return .look }
        return self.inbox.withLock { inbox in
            if !inbox.work.isEmpty { return .look }
            if inbox.isEnding { return .end }
            inbox.isAsleep = true
            return .wait
        }
    }

    private func runSome(of backlog: inout Deque<Work>) {
        for _ in 0..<Self.jobsPerTurn {
            if backlog.isEmpty { self.inbox.withLock { inbox in swap(&inbox.work, &backlog) } }
            guard let work = backlog.popFirst() else { return }
            self.run(work)
        }
    }

    private func run(_ work: Work) {
        switch work {
        // SAFETY: on the thread that runs this loop's jobs; each job is taken out of the inbox once.
        case .job(let job): unsafe job.runSynchronously(on: self.asUnownedSerialExecutor())
        case .closure(let body): body()
        }
    }

    /// The thread's last act.
    ///
    /// - Returns: false if work has arrived after all.
    private func end() -> Bool {
        self.inbox.withLock { inbox in
            guard inbox.work.isEmpty else { return false }
            inbox.hasEnded = true
            // The thread's number may be given out again.
            self.threadIdentity.store(0, ordering: .relaxed)
            return true
        }
    }

    /// Runs work that came after the thread's end, on the shared loop's thread: a job that nobody runs is a task that never ends.
    private func runLate(_ work: Work) {
        let heir = Self.shared
        self.threadIdentity.store(heir.threadIdentity.load(ordering: .relaxed), ordering: .relaxed)
        heir.execute { self.run(work) }
    }
}
