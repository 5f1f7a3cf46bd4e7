import Testing
import WherryCore
import WherryEventLoop
import WherryZeroMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite(.timeLimit(.minutes(2))) struct ZeroMQContextTests {
    @Test func `terminating closes the sockets that are still open, whatever they have yet to send`() async throws {
        let loop = EventLoop(name: "test-loop")
        let context = ZeroMQContext()
        let router = Peer(.router, loop: loop)
        let dealer = Peer(.dealer, loop: loop)
        try await router.open(in: context)
        try await dealer.open(in: context)
        try await dealer.connect(router.bind("tcp://127.0.0.1:*"))
        try await dealer.writable()
        for _ in 0..<100 { try await dealer.trySend([[UInt8](repeating: 1, count: 100_000)]) }
        await context.terminate()
        #expect(await router.isClosed)
        #expect(await dealer.isClosed)
        await loop.shutdown()
    }

    @Test func `terminating twice, even at once, is fine`() async {
        let context = ZeroMQContext()
        async let first: Void = context.terminate()
        async let second: Void = context.terminate()
        _ = await (first, second)
        await context.terminate()
    }

    @Test func `a terminated context opens no sockets`() async throws {
        let context = ZeroMQContext()
        await context.terminate()
        let peer = Peer(.dealer, loop: .shared)
        let error = await #expect(throws: ZeroMQError.self) { try await peer.open(in: context) }
        #expect(error?.code == .terminated)
    }

    @Test func `a context that is full says so`() async throws {
        let context = ZeroMQContext(maximumSockets: 1)
        let first = Peer(.dealer, loop: .shared)
        try await first.open(in: context)
        let second = Peer(.dealer, loop: .shared)
        let error = await #expect(throws: ZeroMQError.self) { try await second.open(in: context) }
        #expect(error?.code == .tooManySockets)
        await context.terminate()
    }

    @Test func `sockets whose loop has ended are closed all the same`() async throws {
        let loop = EventLoop(name: "test-loop")
        let context = ZeroMQContext()
        let peer = Peer(.router, loop: loop)
        try await peer.open(in: context)
        _ = try await peer.bind("tcp://127.0.0.1:*")
        await loop.shutdown()
        await context.terminate()
        #expect(await peer.isClosed)
    }

    // In a process of its own, where nobody else opens descriptors.
    @Test func `opening and closing many times leaves no descriptor behind`() async {
        await #expect(processExitsWith: .success) {
            func openAndClose(_ round: Int) async throws {
                try await Harness.run { harness in
                    for endpoint in ["tcp://127.0.0.1:*", "ipc://*", "inproc://round-\(round)"] {
                        let router = try await harness.router()
                        let dealer = try await harness.dealer()
                        try await dealer.connect(router.bind(endpoint))
                        try await dealer.send([[1]])
                        _ = try await router.receive()
                        await dealer.close()
                        await router.close()
                    }
                    let left = await (harness.here.registrations(), harness.there.registrations())
                    precondition(left == (0, 0), "still registered: \(left)")
                }
            }
            func descriptors() -> [CInt] { (0..<4_096).filter { fcntl($0, F_GETFD) != -1 } }

            // libzmq keeps what it draws random numbers from.
            try await openAndClose(0)
            let before = descriptors()
            for round in 1...20 { try await openAndClose(round) }
            // The runtime may open one or two of its own meanwhile.
            precondition(descriptors().count < before.count + 10, "left open: \(Set(descriptors()).subtracting(before))")
        }
    }

    @Test func `a socket that is let go without being closed holds nobody up`() async throws {
        let loop = EventLoop(name: "test-loop")
        let context = ZeroMQContext()
        let peer = Peer(.router, loop: loop)
        try await peer.open(in: context)
        _ = try await peer.bind("tcp://127.0.0.1:*")
        await peer.forget()
        await context.terminate()
        #expect(await loop.registrations() == 0)
        await loop.shutdown()
    }
}

extension EventLoop {
    fileprivate func registrations() async -> Int {
        await withCheckedContinuation { continuation in self.execute { continuation.resume(returning: self.registrationCount) } }
    }
}
