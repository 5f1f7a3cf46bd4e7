import Synchronization
import Testing
import WherryCore
import WherryEventLoop

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

    func watch(_ pipe: Pipe) {
        self.registration = self.loop.register(descriptor: pipe.reading, interest: .read) { _ in
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

    private func take(from pipe: Pipe) {
        self.received += pipe.read()
        if let waiting, self.received.count >= waiting.count {
            self.waiting = nil
            waiting.continuation.resume()
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
    @Test func `a body that is executed runs on the loop's thread and nowhere else`() async throws {
        try await EventLoop.with { loop in
            #expect(await loop.run { loop.isOnLoop })
            #expect(!loop.isOnLoop)
            #expect(await !EventLoop.shared.run { loop.isOnLoop })
        }
    }

    @Test func `bodies run in the order in which they were given`() async throws {
        try await EventLoop.with { loop in
            let order = Locked<[Int]>([])
            for number in 0..<1_000 { loop.execute { order.withLock { $0.append(number) } } }
            await loop.run {}
            #expect(order.withLock { $0 } == Array(0..<1_000))
        }
    }

    @Test func `an actor on the loop runs on its thread, and its handlers are isolated to it`() async throws {
        try await EventLoop.with { loop in
            let pipe = Pipe()
            let shell = Shell(loop: loop)
            #expect(await shell.isOnLoop)
            await shell.watch(pipe)
            pipe.write([1, 2, 3])
            await shell.receive(atLeast: 3)
            #expect(await shell.received == [1, 2, 3])
            await shell.stop()
            pipe.closeReading()
            pipe.closeWriting()
        }
    }

    @Test func `timers fire in the order of their deadlines, never early`() async throws {
        try await EventLoop.with { loop in
            let fired = await withCheckedContinuation { (continuation: CheckedContinuation<[Int], Never>) in
                loop.execute {
                    let start = loop.now
                    let fired = Locked<[Int]>([])
                    for milliseconds in [5, 1, 3, 2, 4] {
                        let deadline = start + .milliseconds(milliseconds)
                        loop.schedule(at: deadline) {
                            fired.withLock { $0.append(loop.now >= deadline ? milliseconds : -1) }
                            if milliseconds == 5 { continuation.resume(returning: fired.withLock { $0 }) }
                        }
                    }
                }
            }
            #expect(fired == [1, 2, 3, 4, 5])
        }
    }

    @Test func `shutting down runs what is enqueued and ends the thread`() async {
        let loop = EventLoop(name: "test-loop")
        let count = Locked(0)
        for _ in 0..<10_000 { loop.execute { count.withLock { $0 += 1 } } }
        await loop.shutdown()
        #expect(count.withLock { $0 } == 10_000)
        await loop.shutdown()
    }
}
