import Synchronization
import Testing
import WherryCore
import WherryEventLoop

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
            let journal = Journal<Int>()
            for number in 0..<1_000 { loop.execute { journal.note(number) } }
            await loop.run {}
            #expect(journal.all == Array(0..<1_000))
        }
    }

    @Test func `nothing is lost when many threads bring work at once`() async throws {
        try await EventLoop.with { loop in
            let count = Counter()
            await withTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        for number in 0..<2_000 {
                            loop.execute { count.increment() }
                            // Let the loop go to sleep, so that it must be woken.
                            if number % 100 == 0 { await loop.run {} }
                        }
                    }
                }
            }
            await loop.run {}
            #expect(count.value == 16_000)
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
            pipe.close()
        }
    }

    @Test func `code of an actor that suspends comes back to the loop`() async throws {
        try await EventLoop.with { loop in
            let shell = Shell(loop: loop)
            #expect(await shell.isOnLoopAfterLeaving())
            #expect(!loop.isOnLoop)
        }
    }

    @Test func `touching the loop from another thread is a programmer's mistake`() async {
        await #expect(processExitsWith: .failure) {
            _ = EventLoop.shared.schedule(after: .zero) {}
        }
    }

    @Test func `jobs that bring forth jobs for ever starve neither descriptors nor timers`() async throws {
        try await EventLoop.with { loop in
            let stop = Atomic(false)
            @Sendable func again() {
                if !stop.load(ordering: .relaxed) { loop.execute(again) }
            }
            again()
            let pipe = Pipe()
            let shell = Shell(loop: loop)
            await shell.watch(pipe)
            pipe.write([1])
            await shell.receive(atLeast: 1)
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                loop.execute { loop.schedule(after: .milliseconds(1)) { continuation.resume() } }
            }
            stop.store(true, ordering: .relaxed)
            await shell.stop()
            pipe.close()
        }
    }

    @Test func `an idle loop sleeps`() async throws {
        try await EventLoop.with { loop in
            let (pipe, other) = (Pipe(), Pipe())
            let shell = Shell(loop: loop)
            await shell.watch(pipe)
            // Things that must not keep it awake: a far timer, a cancelled one, a registration without interest, a descriptor that was dropped.
            await loop.run {
                _ = loop.schedule(after: .seconds(3_600)) {}
                loop.schedule(after: .milliseconds(1)) {}.cancel()
                _ = loop.register(descriptor: other.writing, interest: []) { _ in }
                _ = loop.register(descriptor: 1_000_000_000, interest: .read) { _ in }
            }
            await loop.run {}
            let before = await loop.run { processorTimeOfThisThread() }
            let start = loop.now
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                EventLoop.shared.execute { EventLoop.shared.schedule(after: .milliseconds(200)) { continuation.resume() } }
            }
            let used = await loop.run { processorTimeOfThisThread() } - before
            // A loop that spins uses all that it gets; this one a few microseconds. A busy machine only makes the share smaller.
            #expect(used < (loop.now - start) / 20)
            await shell.stop()
            pipe.close()
            other.close()
        }
    }

    @Test func `shutting down runs what is enqueued, and what that enqueues`() async {
        let loop = EventLoop(name: "test-loop")
        let count = Atomic(0)
        for _ in 0..<1_000 {
            loop.execute {
                count.add(1, ordering: .relaxed)
                loop.execute { count.add(1, ordering: .relaxed) }
            }
        }
        await loop.shutdown()
        #expect(count.load(ordering: .relaxed) == 2_000)
    }

    @Test func `shutting down drops what is registered and scheduled`() async {
        final class Witness: Sendable {}
        let loop = EventLoop(name: "test-loop")
        let pipe = Pipe()
        let witness = Locked<Witness?>(Witness())
        weak let watched = witness.withLock { $0 }
        await loop.run {
            let witness = witness.withLock { $0.take() }
            _ = loop.register(descriptor: pipe.reading, interest: .read) { _ in _ = witness }
            _ = loop.schedule(after: .seconds(3_600)) { _ = witness }
        }
        #expect(watched != nil)
        await loop.shutdown()
        #expect(watched == nil)
        pipe.close()
    }

    @Test func `shutting down twice, even at once, is fine`() async {
        let loop = EventLoop(name: "test-loop")
        async let first: Void = loop.shutdown()
        async let second: Void = loop.shutdown()
        _ = await (first, second)
        await loop.shutdown()
    }

    @Test func `an actor may shut its own loop down, and goes on working afterwards`() async {
        let loop = EventLoop(name: "test-loop")
        let shell = Shell(loop: loop)
        await shell.shutDownLoop()
        #expect(await shell.isOnLoop)
        #expect(!loop.isOnLoop)
        // Nothing that it asks of the loop is served, and nothing of it fails.
        let pipe = Pipe()
        await shell.watch(pipe)
        await shell.stop()
        pipe.close()
    }

    // In a process of its own, where nobody else opens descriptors or starts threads.
    @Test func `a loop that was shut down leaves nothing behind`() async {
        await #expect(processExitsWith: .success) {
            await EventLoop.shared.run {}
            let before = openDescriptors()
            for _ in 0..<50 {
                weak var watched: EventLoop?
                do {
                    let loop = EventLoop(name: "test-loop")
                    watched = loop
                    await loop.run { _ = loop.schedule(after: .milliseconds(1)) {} }
                    await loop.shutdown()
                }
                precondition(watched == nil, "the loop is still there")
            }
            // The runtime may open one or two of its own meanwhile; a loop has two.
            precondition(openDescriptors().count < before.count + 10, "left open: \(openDescriptors().subtracting(before))")
        }
    }
}
