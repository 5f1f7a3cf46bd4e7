import Synchronization
import Testing
import WherryCore
import WherryEventLoop

@Suite(.timeLimit(.minutes(1))) struct TimerTests {
    @Test func `timers fire in the order of their deadlines, never early`() async throws {
        try await EventLoop.with { loop in
            let fired: [Int] = await withCheckedContinuation { continuation in
                loop.execute {
                    let journal = Journal<Int>()
                    let start = loop.now
                    for milliseconds in [5, 1, 3, 2, 4] {
                        let deadline = start + .milliseconds(milliseconds)
                        loop.schedule(at: deadline) {
                            journal.note(loop.now >= deadline ? milliseconds : -1)
                            if milliseconds == 5 { continuation.resume(returning: journal.all) }
                        }
                    }
                }
            }
            #expect(fired == [1, 2, 3, 4, 5])
        }
    }

    @Test func `timers of one instant fire in the order in which they were made`() async throws {
        try await EventLoop.with { loop in
            let fired: [Int] = await withCheckedContinuation { continuation in
                loop.execute {
                    let journal = Journal<Int>()
                    let deadline = loop.now + .milliseconds(1)
                    for number in 0..<100 { loop.schedule(at: deadline) { journal.note(number) } }
                    loop.schedule(at: deadline) { continuation.resume(returning: journal.all) }
                }
            }
            #expect(fired == Array(0..<100))
        }
    }

    @Test func `a cancelled timer does not fire and leaves nothing behind`() async throws {
        try await EventLoop.with { loop in
            let fired: [String] = await withCheckedContinuation { continuation in
                loop.execute {
                    let journal = Journal<String>()
                    let deadline = loop.now + .milliseconds(1)
                    let timers = Held<[LoopTimer]>([])
                    loop.schedule(at: deadline) {
                        journal.note("first")
                        for timer in timers.value { timer.cancel() }
                    }
                    timers.value = [
                        loop.schedule(at: deadline) { journal.note("cancelled in the same turn") },
                        loop.schedule(after: .seconds(3_600)) { journal.note("cancelled long before") },
                    ]
                    loop.schedule(after: .milliseconds(5)) {
                        for timer in timers.value {
                            timer.cancel()
                            if timer.isPending { journal.note("pending") }
                        }
                        continuation.resume(returning: journal.all)
                    }
                }
            }
            #expect(fired == ["first"])
            #expect(await loop.run { loop.timerCount } == 0)
        }
    }

    @Test func `a timer that is always due again leaves time for everybody else`() async throws {
        try await EventLoop.with { loop in
            let stop = Atomic(false)
            await loop.run {
                @Sendable func again() {
                    if !stop.load(ordering: .relaxed) { loop.schedule(at: .zero, again) }
                }
                again()
            }
            let pipe = Pipe()
            let shell = Shell(loop: loop)
            await shell.watch(pipe)
            pipe.write([1])
            await shell.receive(atLeast: 1)
            await shell.stop()
            stop.store(true, ordering: .relaxed)
            pipe.close()
        }
    }

    @Test func `the I/O that is there comes before the timers that are due, all of it`() async throws {
        try await EventLoop.with { loop in
            let pipe = Pipe()
            let order: [String] = await withCheckedContinuation { continuation in
                loop.execute {
                    let journal = Journal<String>()
                    Held.registration(on: loop, pipe.reading, .read) { registration, _ in
                        journal.note("byte \(pipe.read(atMost: 1))")
                        if journal.all.count == 5 { registration.cancel() }
                    }
                    loop.schedule(after: .milliseconds(1)) {
                        journal.note("timer")
                        continuation.resume(returning: journal.all)
                    }
                    // The process is frozen for longer than the timer; its peers were not.
                    let start = loop.now
                    while loop.now < start + .milliseconds(2) {}
                    pipe.write([1, 2, 3, 4, 5])
                }
            }
            #expect(order == ["byte [1]", "byte [2]", "byte [3]", "byte [4]", "byte [5]", "timer"])
            pipe.close()
        }
    }

    @Test func `a descriptor that is always ready does not hold timers up`() async throws {
        try await EventLoop.with { loop in
            let pipe = Pipe()
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                loop.execute {
                    let registration = loop.register(descriptor: pipe.writing, interest: .write) { _ in }
                    loop.schedule(after: .milliseconds(1)) {
                        registration.cancel()
                        continuation.resume()
                    }
                }
            }
            pipe.close()
        }
    }

    // A poll in milliseconds could not do this even once; how often it happens depends on what else the machine does.
    @Test func `timers are finer than a millisecond`() async throws {
        try await EventLoop.with { loop in
            let best: Duration = await withCheckedContinuation { continuation in
                loop.execute {
                    let took = Journal<Duration>()
                    @Sendable func next() {
                        let start = loop.now
                        loop.schedule(after: .microseconds(300)) {
                            took.note(loop.now - start)
                            if took.all.count < 200 { next() } else { continuation.resume(returning: took.all.min() ?? .zero) }
                        }
                    }
                    next()
                }
            }
            #expect(best >= .microseconds(300))
            #if os(Linux)
                #expect(best < .microseconds(900))
            #endif
        }
    }

    @Test(arguments: [Duration.zero, .seconds(-1), .nanoseconds(Int64.min)])
    func `a deadline that has passed is due at once`(duration: Duration) async throws {
        try await EventLoop.with { loop in
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                loop.execute { loop.schedule(after: duration) { continuation.resume() } }
            }
        }
    }

    @Test func `a deadline beyond the end of the clock is waited for`() async throws {
        try await EventLoop.with { loop in
            await loop.run { _ = loop.schedule(after: .seconds(Int64.max)) {} }
            await loop.run {}
            #expect(await loop.run { loop.timerCount } == 1)
        }
    }
}
