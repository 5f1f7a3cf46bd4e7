import Testing
import WherryCore
import WherryEventLoop
import WherryZeroMQ

@Suite(.timeLimit(.minutes(2))) struct ZeroMQSocketTests {
    @Test(arguments: everyTransport)
    func `a message goes to a router and back`(endpoint: String) async throws {
        try await Harness.run { harness in
            let router = try await harness.router()
            let dealer = try await harness.dealer()
            let bound = try await router.bind(endpoint)
            #expect(!bound.contains("*"))
            #expect(!bound.hasSuffix(":0"))
            try await dealer.connect(bound)
            try await dealer.send([[1, 2, 3], [], [4]])
            let received = try await router.receive()[0]
            #expect(received.dropFirst() == [[1, 2, 3], [], [4]])
            try await router.trySend([received[0], [5], []])
            #expect(try await dealer.receive() == [[[5], []]])
        }
    }

    @Test(arguments: everyTransport)
    func `thousands of messages go both ways at once, in order and whole`(endpoint: String) async throws {
        try await Harness.run { harness in
            let router = try await harness.router()
            let dealer = try await harness.dealer()
            try await dealer.connect(router.bind(endpoint))
            try await dealer.send([[0]])
            let id = try await router.receive()[0][0]
            let count = 5_000
            let numbers = (0..<count).map { number in withUnsafeBytes(of: UInt32(number).bigEndian) { Array($0) } }
            async let sending: Void = { for number in numbers { try await dealer.send([number, number]) } }()
            async let answering: Void = { for number in numbers { try await router.send([id, number, number]) } }()
            async let arrived = router.receive(count)
            async let answered = dealer.receive(count)
            try await sending
            try await answering
            #expect(try await arrived == numbers.map { [id, $0, $0] })
            #expect(try await answered == numbers.map { [$0, $0] })
        }
    }

    @Test func `a router says unreachable to a routing id that it does not know`() async throws {
        try await Harness.run { harness in
            let router = try await harness.router()
            _ = try await router.bind("inproc://unknown")
            #expect(await router.sendFailure([[1, 2, 3, 4, 5], [1]]) == .unreachable)
        }
    }

    @Test(arguments: everyTransport)
    func `a peer that vanishes becomes unreachable`(endpoint: String) async throws {
        try await Harness.run { harness in
            let router = try await harness.router()
            let dealer = try await harness.dealer()
            try await dealer.connect(router.bind(endpoint))
            try await dealer.send([[1]])
            let id = try await router.receive()[0][0]
            try await router.trySend([id, [2]])
            #expect(try await dealer.receive() == [[[2]]])
            await dealer.close()
            #expect(await router.send([id, [3]], until: .unreachable))
        }
    }

    @Test func `a dealer without a connection would block, and is told when it is connected`() async throws {
        try await Harness.run { harness in
            let router = try await harness.router()
            let dealer = try await harness.dealer()
            #expect(await dealer.sendFailure([[1]]) == .wouldBlock)
            try await dealer.connect(router.bind("tcp://127.0.0.1:*"))
            try await dealer.writable()
            try await dealer.trySend([[2]])
            #expect(try await router.receive()[0].dropFirst() == [[2]])
        }
    }

    @Test(arguments: everyTransport)
    func `a full queue would block, and all that was taken before arrives whole`(endpoint: String) async throws {
        try await Harness.run { harness in
            var options = ZeroMQOptions()
            options.sendHighWaterMark = 4
            options.receiveHighWaterMark = 4
            let router = try await harness.router(options)
            let dealer = try await harness.dealer(options)
            try await dealer.connect(router.bind(endpoint))
            try await dealer.writable()
            // The receiver does not read; the kernel's buffers take some megabytes.
            let frame = [UInt8](repeating: 7, count: 256 << 10)
            var sent = 0
            while true {
                let failure = await dealer.sendFailure([[UInt8(sent % 256)], frame, frame])
                if failure == .wouldBlock { break }
                try #require(failure == nil)
                sent += 1
                try #require(sent < 1_000, "the high-water mark holds nothing back")
            }
            let received = try await router.receive(sent)
            #expect(received.map { $0.count } == Array(repeating: 4, count: sent))
            #expect(received.map { $0[1] } == (0..<sent).map { [UInt8($0 % 256)] })
            try await dealer.send([[1]])
            #expect(try await router.receive()[0].dropFirst() == [[1]])
        }
    }

    @Test func `a router's full queue for one peer would block, while another peer is served`() async throws {
        try await Harness.run { harness in
            var options = ZeroMQOptions()
            options.sendHighWaterMark = 4
            options.receiveHighWaterMark = 4
            let router = try await harness.router(options)
            let slow = try await harness.dealer(options)
            let quick = try await harness.dealer(options)
            let endpoint = try await router.bind("inproc://slow")
            try await slow.connect(endpoint)
            try await quick.connect(endpoint)
            try await slow.send([[1]])
            let slowID = try await router.receive()[0][0]
            try await quick.send([[2]])
            let quickID = try await router.receive()[0][0]
            var sent = 0
            while await router.sendFailure([slowID, [3], [4]]) == nil { sent += 1 }
            #expect((4...16).contains(sent))
            #expect(await router.sendFailure([slowID, [3], [4]]) == .wouldBlock)
            try await router.trySend([quickID, [5]])
            #expect(try await quick.receive() == [[[5]]])
            #expect(try await slow.receive(sent) == Array(repeating: [[3], [4]], count: sent))
        }
    }

    @Test func `a frame beyond the limit is not sent`() async throws {
        try await Harness.run { harness in
            var options = ZeroMQOptions()
            options.maximumMessageSize = 1_000
            let router = try await harness.router()
            let dealer = try await harness.dealer(options)
            try await dealer.connect(router.bind("tcp://127.0.0.1:*"))
            let largest = [UInt8](repeating: 1, count: 1_000)
            try await dealer.send([[0], largest])
            #expect(await dealer.sendFailure([[0], largest + [1]]) == .messageTooLarge)
            try await dealer.send([[9]])
            #expect(try await router.receive(2).map { $0.dropFirst() } == [[[0], largest], [[9]]])
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["tcp://127.0.0.1:*", "ipc://*"])
    func `a peer that sends an oversized frame is dropped, and others are not`(endpoint: String) async throws {
        try await Harness.run { harness in
            var options = ZeroMQOptions()
            options.maximumMessageSize = 1_000
            let router = try await harness.router(options)
            let bad = try await harness.dealer()
            let good = try await harness.dealer()
            let bound = try await router.bind(endpoint)
            try await bad.connect(bound)
            try await bad.send([[1]])
            let badID = try await router.receive()[0][0]
            try await good.connect(bound)
            try await good.send([[2]])
            let goodID = try await router.receive()[0][0]
            try await bad.send([[UInt8](repeating: 0, count: 1_001)])
            #expect(await router.send([badID, [3]], until: .unreachable))
            try await router.trySend([goodID, [4]])
            #expect(try await good.receive() == [[[4]]])
            #expect(await router.inbox.isEmpty)
            // It may come back, as a new peer. What it says before it has noticed that it was dropped is lost.
            while await router.inbox.isEmpty {
                try await bad.send([[5]])
                await Task.yield()
            }
            #expect(try await router.receive()[0].dropFirst() == [[5]])
        }
    }

    @Test(arguments: everyTransport)
    func `a big message of many frames arrives whole`(endpoint: String) async throws {
        try await Harness.run { harness in
            let router = try await harness.router()
            let dealer = try await harness.dealer()
            try await dealer.connect(router.bind(endpoint))
            let frames = (0..<64).map { number in [UInt8](repeating: UInt8(number), count: number * 5_000) }
            try await dealer.send(frames)
            let received = try await router.receive()[0]
            #expect(Array(received.dropFirst()) == frames)
        }
    }

    @Test func `a handler takes a bounded bite and is called again for the rest`() async throws {
        try await Harness.run { harness in
            let router = try await harness.router()
            let dealer = try await harness.dealer()
            try await dealer.connect(router.bind("inproc://flood"))
            let count = ZeroMQSocket.messagesPerWake * 5
            for number in 0..<count { try await dealer.trySend([[UInt8(number % 256)]]) }
            #expect(try await router.receive(count).count == count)
            let bites = await router.bites
            #expect(bites.count >= 5)
            #expect(bites.allSatisfy { $0 <= ZeroMQSocket.messagesPerWake })
        }
    }

    @Test func `what was sent outlives the socket when it may linger`() async throws {
        try await Harness.run { harness in
            let router = try await harness.router()
            let dealer = try await harness.dealer()
            try await dealer.connect(router.bind("tcp://127.0.0.1:*"))
            try await dealer.writable()
            let frame = [UInt8](repeating: 1, count: 1 << 20)
            for _ in 0..<20 { try await dealer.trySend([frame]) }
            await dealer.close(linger: .seconds(60))
            #expect(try await router.receive(20).count == 20)
        }
    }

    // Both ends at once, in the middle of a stream: what made libzmq abort the process while sockets did not linger.
    @Test(arguments: ["tcp://127.0.0.1:*", "ipc://*"])
    func `messages stay whole while sockets come and go`(endpoint: String) async throws {
        try await Harness.run { harness in
            let frame = [UInt8](repeating: 1, count: 10_000)
            for round in UInt8(0)..<10 {
                let router = try await harness.router()
                let dealer = try await harness.dealer()
                try await dealer.connect(router.bind(endpoint))
                async let received = router.receive(100)
                for _ in 0..<400 { try await dealer.send([[round], frame, frame, [round]]) }
                for message in try await received {
                    #expect(message.count == 5)
                    #expect(message[1] == message[4])
                    #expect(message[1] == [round])
                }
                async let oneEnd: Void = router.close()
                async let otherEnd: Void = dealer.close()
                _ = await (oneEnd, otherEnd)
            }
        }
    }

    @Test func `a closed socket says so, and closing it twice is fine`() async throws {
        try await Harness.run { harness in
            let dealer = try await harness.dealer()
            await dealer.close()
            await dealer.close()
            #expect(await dealer.isClosed)
            #expect(await dealer.sendFailure([[1]]) == .closed)
            let error = await #expect(throws: ZeroMQError.self) { try await dealer.connect("inproc://nowhere") }
            #expect(error?.code == .closed)
        }
    }

    @Test func `an endpoint that is taken is refused`() async throws {
        try await Harness.run { harness in
            let first = try await harness.router()
            let second = try await harness.router()
            let bound = try await first.bind("tcp://127.0.0.1:*")
            let error = await #expect(throws: ZeroMQError.self) { _ = try await second.bind(bound) }
            #expect(error?.code == .addressInUse)
            #expect(error?.description.contains(bound) == true)
        }
    }

    @Test(arguments: ["", "nonsense", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "udp://127.0.0.1:1", "carrier-pigeon://home"])
    func `an endpoint of no known form is refused`(endpoint: String) async throws {
        try await Harness.run { harness in
            let router = try await harness.router()
            let bindError = await #expect(throws: ZeroMQError.self) { _ = try await router.bind(endpoint) }
            #expect(bindError?.code == .invalidEndpoint)
            let dealer = try await harness.dealer()
            let connectError = await #expect(throws: ZeroMQError.self) { try await dealer.connect(endpoint) }
            #expect(connectError?.code == .invalidEndpoint)
        }
    }

    private static let invalidOptions: [String: @Sendable (inout ZeroMQOptions) -> Void] = [
        "sendHighWaterMark": { $0.sendHighWaterMark = 0 },
        "receiveHighWaterMark": { $0.receiveHighWaterMark = -1 },
        "maximumMessageSize": { $0.maximumMessageSize = 0 },
        "reconnectInterval": { $0.reconnectInterval = .zero },
        "handshakeInterval": { $0.handshakeInterval = .seconds(Int64.max) },
        "backlog": { $0.backlog = 0 },
        "keepAlive.probes": { $0.keepAlive?.probes = 0 },
        "keepAlive.idle": { $0.keepAlive?.idle = .zero },
    ]

    @Test(arguments: invalidOptions.keys.sorted())
    func `an option out of its range is refused by name`(name: String) async throws {
        try await Harness.run { harness in
            var options = ZeroMQOptions()
            Self.invalidOptions[name]?(&options)
            do {
                _ = try await harness.router(options)
                Issue.record("it was accepted")
            } catch let error as ZeroMQError {
                #expect(error.code == .invalidOption)
                #expect(error.message.contains(name))
            }
        }
    }
}
