import Testing
import WherryCore
import WherryEventLoop

@Suite(.timeLimit(.minutes(1))) struct DescriptorTests {
    @Test func `a handler is called again for as long as there is something to read`() async throws {
        try await EventLoop.with { loop in
            let pipe = Pipe()
            let read: [UInt8] = await withCheckedContinuation { continuation in
                loop.execute {
                    let journal = Journal<UInt8>()
                    Held.registration(on: loop, pipe.reading, .read) { registration, _ in
                        for byte in pipe.read(atMost: 1) { journal.note(byte) }
                        guard journal.all.count == 3 else { return }
                        registration.cancel()
                        continuation.resume(returning: journal.all)
                    }
                    pipe.write([1, 2, 3])
                }
            }
            #expect(read == [1, 2, 3])
            pipe.close()
        }
    }

    @Test func `a handler may change what it is interested in, and hears only of that`() async throws {
        try await EventLoop.with { loop in
            let socket = SocketPair()
            let told: [Readiness] = await withCheckedContinuation { continuation in
                loop.execute {
                    let journal = Journal<Readiness>()
                    socket.write([1], to: socket.right)
                    Held.registration(on: loop, socket.left, .write) { registration, readiness in
                        journal.note(readiness)
                        switch journal.all.count {
                        case 1: registration.interest = .read
                        case 2: registration.interest = [.read, .write]
                        case 3:
                            registration.interest = []
                            loop.schedule(after: .milliseconds(5)) {
                                registration.cancel()
                                continuation.resume(returning: journal.all)
                            }
                        default: break
                        }
                    }
                }
            }
            #expect(told == [.writable, .readable, [.readable, .writable]])
            socket.close()
        }
    }

    @Test func `a handler may cancel another that is ready in the same turn, which then hears nothing`() async throws {
        try await EventLoop.with { loop in
            let pipes = [Pipe(), Pipe()]
            let called: [Int] = await withCheckedContinuation { continuation in
                loop.execute {
                    let journal = Journal<Int>()
                    let registrations = Held<[Registration]>([])
                    for (index, pipe) in pipes.enumerated() {
                        pipe.write([1])
                        registrations.value.append(
                            loop.register(descriptor: pipe.reading, interest: .read) { _ in
                                journal.note(index)
                                for registration in registrations.value { registration.cancel() }
                            }
                        )
                    }
                    loop.schedule(after: .milliseconds(5)) { continuation.resume(returning: journal.all) }
                }
            }
            #expect(called == [0])
            #expect(await loop.run { loop.registrationCount } == 0)
            for pipe in pipes { pipe.close() }
        }
    }

    @Test func `a handler that takes over a slot in the same turn is not told what another has seen`() async throws {
        try await EventLoop.with { loop in
            let ready = [Pipe(), Pipe()]
            let idle = Pipe()
            let called: [String] = await withCheckedContinuation { continuation in
                loop.execute {
                    let journal = Journal<String>()
                    let registrations = Held<[Registration]>([])
                    for pipe in ready {
                        pipe.write([1])
                        registrations.value.append(
                            loop.register(descriptor: pipe.reading, interest: .read) { _ in
                                journal.note("ready")
                                for registration in registrations.value { registration.cancel() }
                                registrations.value = [
                                    loop.register(descriptor: idle.reading, interest: .read) { _ in journal.note("idle") },
                                    loop.register(descriptor: idle.reading, interest: .read) { _ in journal.note("idle") },
                                ]
                            }
                        )
                    }
                    loop.schedule(after: .milliseconds(5)) {
                        for registration in registrations.value { registration.cancel() }
                        continuation.resume(returning: journal.all)
                    }
                }
            }
            #expect(called == ["ready"])
            for pipe in ready + [idle] { pipe.close() }
        }
    }

    @Test func `a handler is let go as soon as its registration is cancelled`() async throws {
        try await EventLoop.with { loop in
            let pipe = Pipe()
            #expect(
                await loop.run {
                    final class Witness {}
                    var witness: Witness? = Witness()
                    weak let watched = witness
                    let registration = loop.register(descriptor: pipe.reading, interest: .read) { [witness] _ in _ = witness }
                    witness = nil
                    guard watched != nil else { return false }
                    registration.cancel()
                    registration.cancel()
                    registration.interest = .write
                    return watched == nil && registration.isCancelled && loop.registrationCount == 0
                }
            )
            pipe.close()
        }
    }

    @Test func `a descriptor that is not open is reported once and dropped`() async throws {
        try await EventLoop.with { loop in
            let told: [Readiness] = await withCheckedContinuation { continuation in
                loop.execute {
                    let journal = Journal<Readiness>()
                    // No process has that many.
                    Held.registration(on: loop, 1_000_000_000, .read) { registration, readiness in
                        journal.note(registration.isCancelled ? readiness : [])
                    }
                    loop.schedule(after: .milliseconds(5)) { continuation.resume(returning: journal.all) }
                }
            }
            #expect(told == [[.readable, .error]])
            #expect(await loop.run { loop.registrationCount } == 0)
        }
    }

    @Test func `what was written before the other side hung up is read to its end, and then the registration is dropped`() async throws {
        try await EventLoop.with { loop in
            let pipe = Pipe()
            let read: [[UInt8]] = await withCheckedContinuation { continuation in
                loop.execute {
                    let journal = Journal<[UInt8]>()
                    // It never cancels: without the drop it would be called for ever.
                    Held.registration(on: loop, pipe.reading, .read) { registration, _ in
                        journal.note(pipe.read(atMost: 2))
                        if registration.isCancelled { continuation.resume(returning: journal.all) }
                    }
                    pipe.write([1, 2, 3])
                    pipe.closeWriting()
                }
            }
            #expect(read == [[1, 2], [3], []])
            #expect(await loop.run { loop.registrationCount } == 0)
            pipe.closeReading()
        }
    }

    @Test func `a signal during the poll is no event`() async throws {
        try await EventLoop.with { loop in
            let pipe = Pipe()
            let shell = Shell(loop: loop)
            await shell.watch(pipe)
            let thread = await loop.run { SignalTarget.thisThread() }
            for _ in 0..<100 { thread.interrupt() }
            pipe.write([1])
            await shell.receive(atLeast: 1)
            #expect(await shell.received == [1])
            await shell.stop()
            pipe.close()
        }
    }
}
