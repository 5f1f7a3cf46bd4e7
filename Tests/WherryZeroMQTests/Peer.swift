import WherryCore
import WherryEventLoop
import WherryZeroMQ

/// A message as frames.
typealias Frames = [[UInt8]]

/// A socket with an actor around it, as the shells have.
actor Peer {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    private let kind: ZeroMQSocket.Kind
    private var socket: ZeroMQSocket?
    /// What has arrived and was not taken by `receive` yet.
    private(set) var inbox: [Frames] = []
    /// How many messages came with each call of the handler.
    private(set) var bites: [Int] = []
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    init(_ kind: ZeroMQSocket.Kind, loop: EventLoop) {
        self.kind = kind
        self.loop = loop
    }

    /// Opens the socket; it does not read until `startReading`.
    func open(in context: ZeroMQContext, _ options: ZeroMQOptions = ZeroMQOptions()) throws {
        self.socket = try ZeroMQSocket(self.kind, context: context, options: options, loop: self.loop)
    }

    private var opened: ZeroMQSocket {
        get throws {
            guard let socket = self.socket else { throw NotOpen() }
            return socket
        }
    }

    func bind(_ endpoint: String) throws -> String { try self.opened.bind(endpoint) }
    func connect(_ endpoint: String) throws { try self.opened.connect(endpoint) }
    func trySend(_ frames: Frames) throws { try self.opened.send(frames) }
    func close(linger: Duration? = nil) { self.socket?.close(linger: linger) }
    var isClosed: Bool { self.socket?.isClosed ?? true }

    /// Lets the socket go without closing it.
    func forget() { self.socket = nil }

    /// Suspends until a send can succeed.
    func writable() async throws {
        let socket = try self.opened
        await withCheckedContinuation { continuation in
            socket.whenWritable { continuation.resume() }
        }
    }

    /// Sends as soon as there is room: a DEALER waits for it, a ROUTER, which cannot for one peer, tries again.
    func send(_ frames: Frames) async throws {
        while true {
            do {
                return try self.opened.send(frames)
            } catch let error as ZeroMQError where error.code == .wouldBlock {
                if self.kind == .router { await self.pause(.milliseconds(1)) } else { try await self.writable() }
            }
        }
    }

    /// The error that a send gives; `nil` if it succeeds.
    func sendFailure(_ frames: Frames) -> ZeroMQError.Code? {
        do {
            try self.opened.send(frames)
            return nil
        } catch {
            return (error as? ZeroMQError)?.code
        }
    }

    /// Sends again and again, a turn of the loop or more in between, until it gives a certain error; false after 20 s.
    func send(_ frames: Frames, until code: ZeroMQError.Code) async -> Bool {
        let deadline = self.loop.now + .seconds(20)
        while self.loop.now < deadline {
            if self.sendFailure(frames) == code { return true }
            await self.pause(.milliseconds(1))
        }
        return false
    }

    func pause(_ duration: Duration) async {
        await withCheckedContinuation { continuation in
            self.loop.schedule(after: duration) { continuation.resume() }
        }
    }

    func startReading() throws {
        let socket = try self.opened
        socket.onReadable { [unowned self] in
            self.assumeIsolated { $0.take() }
        }
    }

    /// Takes the next message, or several, as soon as they are there; fails after 30 s.
    func receive(_ count: Int = 1) async throws -> [Frames] {
        try self.startReading()
        if self.inbox.count < count {
            let timeout = self.loop.schedule(after: .seconds(30)) { [unowned self] in
                self.assumeIsolated { $0.stopWaiting() }
            }
            await withCheckedContinuation { self.waiting = (count, $0) }
            timeout.cancel()
        }
        guard self.inbox.count >= count else { throw TimedOut(arrived: self.inbox.count, awaited: count) }
        defer { self.inbox.removeFirst(count) }
        return Array(self.inbox.prefix(count))
    }

    private func stopWaiting() {
        self.waiting.take()?.continuation.resume()
    }

    private func take() {
        let before = self.inbox.count
        do {
            try self.socket?.drain { self.inbox.append($0) }
        } catch {
            fatalError("receiving failed: \(error)")
        }
        self.bites.append(self.inbox.count - before)
        if let waiting, self.inbox.count >= waiting.count { self.stopWaiting() }
    }

    struct NotOpen: Error {}

    struct TimedOut: Error {
        let arrived: Int
        let awaited: Int
    }
}

/// A context and two loops for the length of a test.
struct Harness: Sendable {
    let context = ZeroMQContext()
    let here = EventLoop(name: "test-here")
    let there = EventLoop(name: "test-there")

    static func run(_ body: (Harness) async throws -> Void) async throws {
        let harness = Harness()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(harness))
        } catch {
            result = .failure(error)
        }
        await harness.context.terminate()
        await harness.here.shutdown()
        await harness.there.shutdown()
        try result.get()
    }

    /// An open socket; each on a loop of its own.
    func router(_ options: ZeroMQOptions = ZeroMQOptions()) async throws -> Peer {
        let peer = Peer(.router, loop: self.here)
        try await peer.open(in: self.context, options)
        return peer
    }

    func dealer(_ options: ZeroMQOptions = ZeroMQOptions()) async throws -> Peer {
        let peer = Peer(.dealer, loop: self.there)
        try await peer.open(in: self.context, options)
        return peer
    }
}

/// One endpoint of each transport, with wildcards where it has them.
let everyTransport = ["tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "ipc://*", "inproc://wherry-test"]
