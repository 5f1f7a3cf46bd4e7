import Synchronization
import WherryCore
import WherryEventLoop

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension EventLoop {
    /// Runs a body on the loop and returns what it made.
    func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            self.execute { continuation.resume(returning: body()) }
        }
    }

    /// Runs a test with a loop of its own.
    static func with(_ body: (EventLoop) async throws -> Void) async throws {
        let loop = EventLoop(name: "test-loop")
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(loop))
        } catch {
            result = .failure(error)
        }
        await loop.shutdown()
        try result.get()
    }
}

/// An actor on a loop, as the shells are.
actor Shell {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }
    private var registration: Registration?
    private(set) var received: [UInt8] = []
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    init(loop: EventLoop) {
        self.loop = loop
    }

    var isOnLoop: Bool { self.loop.isOnLoop }

    func isOnLoopAfterLeaving() async -> Bool {
        await EventLoop.shared.run {}
        await Task.yield()
        return self.loop.isOnLoop
    }

    func watch(_ pipe: Pipe) {
        self.registration = self.loop.register(descriptor: pipe.reading, interest: .read) { [unowned self] _ in
            self.assumeIsolated { $0.take(from: pipe) }
        }
    }

    func stop() {
        self.registration?.cancel()
        self.registration = nil
    }

    func receive(atLeast count: Int) async {
        if self.received.count >= count { return }
        await withCheckedContinuation { self.waiting = (count, $0) }
    }

    func shutDownLoop() async {
        await self.loop.shutdown()
    }

    private func take(from pipe: Pipe) {
        self.received += pipe.read()
        if let waiting, self.received.count >= waiting.count {
            self.waiting = nil
            waiting.continuation.resume()
        }
    }
}

/// A place that closures on one loop share.
final class Held<Value> {
    var value: Value

    init(_ value: Value) {
        self.value = value
    }
}

extension Held where Value == Registration? {
    /// Registers a handler that is told its own registration.
    static func registration(
        on loop: EventLoop,
        _ descriptor: CInt,
        _ interest: Interest,
        _ handler: @escaping (Registration, Readiness) -> Void
    ) {
        let held = Held<Registration?>(nil)
        held.value = loop.register(descriptor: descriptor, interest: interest) { readiness in
            guard let registration = held.value else { return }
            handler(registration, readiness)
            if registration.isCancelled { held.value = nil }
        }
    }
}

/// What happened on a loop, in order.
final class Journal<Entry: Sendable>: Sendable {
    private let entries = Locked<[Entry]>([])

    func note(_ entry: Entry) {
        self.entries.withLock { $0.append(entry) }
    }

    var all: [Entry] { self.entries.withLock { $0 } }
}

/// Counts from any thread.
final class Counter: Sendable {
    private let count = Atomic(0)

    func increment() { self.count.add(1, ordering: .relaxed) }
    var value: Int { self.count.load(ordering: .relaxed) }
}

/// A non-blocking pipe.
struct Pipe: Sendable {
    let reading: CInt
    let writing: CInt

    init() {
        var ends: [CInt] = [-1, -1]
        precondition(pipe(&ends) == 0)
        for end in ends { precondition(fcntl(end, F_SETFL, O_NONBLOCK) == 0 && fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
        (self.reading, self.writing) = (ends[0], ends[1])
    }

    func write(_ bytes: [UInt8]) {
        precondition(systemWrite(self.writing, bytes, bytes.count) == bytes.count)
    }

    /// What is there to read, at most so many bytes; empty at the end, or if nothing is there.
    func read(atMost count: Int = 4_096) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let length = systemRead(self.reading, &bytes, count)
        return Array(bytes.prefix(max(length, 0)))
    }

    func closeReading() { precondition(systemClose(self.reading) == 0) }
    func closeWriting() { precondition(systemClose(self.writing) == 0) }

    func close() {
        self.closeReading()
        self.closeWriting()
    }
}

/// Two connected stream sockets.
struct SocketPair: Sendable {
    let left: CInt
    let right: CInt

    init() {
        var ends: [CInt] = [-1, -1]
        #if canImport(Glibc)
            let kind = CInt(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        precondition(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        (self.left, self.right) = (ends[0], ends[1])
    }

    func write(_ bytes: [UInt8], to end: CInt) {
        precondition(systemWrite(end, bytes, bytes.count) == bytes.count)
    }

    func close() {
        precondition(systemClose(self.left) == 0 && systemClose(self.right) == 0)
    }
}

/// A thread that a signal can be sent to.
struct SignalTarget: @unchecked Sendable {
    // SAFETY: a thread's number, used while the thread lives.
    private let thread: pthread_t

    /// The calling thread, in a process where the signal does nothing but interrupt system calls.
    static func thisThread() -> SignalTarget {
        signal(SIGUSR2) { _ in }
        return SignalTarget(thread: pthread_self())
    }

    func interrupt() {
        precondition(pthread_kill(self.thread, SIGUSR2) == 0)
    }
}

/// How much processor time the calling thread has used.
func processorTimeOfThisThread() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

/// This process's open descriptors.
func openDescriptors() -> Set<CInt> {
    Set((0..<4_096).filter { fcntl($0, F_GETFD) != -1 })
}

#if canImport(Glibc)
    private let systemWrite = Glibc.write
    private let systemRead = Glibc.read
    private let systemClose = Glibc.close
#else
    private let systemWrite = Darwin.write
    private let systemRead = Darwin.read
    private let systemClose = Darwin.close
#endif
