import WherryCore
import WherryEventLoop
import WherryWire
import WherryZeroMQ

/// A DEALER that says whatever a test wants, sense or nonsense.
actor RawPeer {
    /// What a test waited for did not come in time.
    struct Missing: Error, CustomStringConvertible {
        var wanted: String
        var seen: [Message]
        var description: String {
            "waited for \(self.wanted) in vain; \(self.seen.count) seen and not taken, such as \(self.seen.prefix(3))"
        }
    }

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    private var socket: ZeroMQSocket?
    private var isBeating = false
    private var inbox: [Message] = []
    private var wake: CheckedContinuation<Void, Never>?

    init(loop: EventLoop = .shared) {
        self.loop = loop
    }

    /// Opens a socket and connects it.
    static func connected(to endpoint: String) async throws -> RawPeer {
        let peer = RawPeer()
        try await peer.connect(to: endpoint)
        return peer
    }

    /// A connected client that the broker knows.
    static func client(at endpoint: String, incarnation: UInt8, outstanding: [JobID] = []) async throws -> RawPeer {
        let peer = try await Self.connected(to: endpoint)
        try await peer.greet(.client(outstanding: outstanding), incarnation: incarnation)
        return peer
    }

    /// A connected worker that the broker knows.
    static func worker(at endpoint: String, incarnation: UInt8, capacity: Int = 10, running: [JobID] = []) async throws -> RawPeer {
        let peer = try await Self.connected(to: endpoint)
        try await peer.greet(
            .worker(offers: [Offer(name: "echo", version: 1)], running: running, capacity: capacity, primary: BrokerSamples.primary),
            incarnation: incarnation
        )
        return peer
    }

    func connect(to endpoint: String, isReading: Bool = true) throws {
        self.socket?.close()
        var options = ZeroMQOptions()
        options.reconnectInterval = .milliseconds(20)
        let socket = try ZeroMQSocket(.dealer, options: options, loop: self.loop)
        self.socket = socket
        try socket.connect(endpoint)
        if isReading { self.startReading() }
    }

    func startReading() {
        self.socket?.onReadable { [weak self] in self?.assumeIsolated { $0.read() } }
    }

    /// Is gone at once, without a goodbye.
    func vanish() {
        self.socket?.close(linger: .zero)
        self.socket = nil
    }

    // MARK: Saying

    /// Says HELLO, waits for the answer, and from then on gives signs of life.
    @discardableResult
    func greet(_ role: Hello.Role, incarnation: UInt8) async throws -> Welcome {
        try await self.send(
            .hello(Hello(role: role, incarnation: Array(repeating: incarnation, count: 16), region: "syd"))
        )
        self.beat()
        return try await self.next("WELCOME") { if case .welcome(let welcome) = $0 { welcome } else { nil } }
    }

    func send(_ message: Message) async throws {
        try await self.send(frames: message.encode())
    }

    func send(frames: [[UInt8]]) async throws {
        while let socket = self.socket {
            do {
                return try socket.send(frames)
            } catch {
                guard error.code == .wouldBlock else { throw error }
                await withCheckedContinuation { continuation in socket.whenWritable { continuation.resume() } }
            }
        }
    }

    private func beat() {
        guard let socket = self.socket, !self.isBeating else { return }
        self.isBeating = true
        try? socket.send(Message.heartbeat(Heartbeat()).encode())
        self.loop.schedule(after: .milliseconds(500)) { [weak self] in
            self?.assumeIsolated {
                $0.isBeating = false
                $0.beat()
            }
        }
    }

    // MARK: Hearing

    /// Takes the first message that is wanted, once it is there; leaves the others.
    func next<Value: Sendable>(
        _ wanted: String,
        within limit: Duration = .seconds(20),
        _ match: (Message) -> Value?
    ) async throws -> Value {
        let deadline = self.loop.now + limit
        while true {
            for (index, message) in self.inbox.enumerated() {
                guard let value = match(message) else { continue }
                self.inbox.remove(at: index)
                return value
            }
            guard self.loop.now < deadline else { throw Missing(wanted: wanted, seen: self.inbox) }
            await withCheckedContinuation { continuation in
                self.wake = continuation
                self.loop.schedule(at: deadline) { [weak self] in self?.assumeIsolated { $0.wake.take()?.resume() } }
            }
        }
    }

    func nextRequest() async throws -> Request {
        try await self.next("REQUEST") { if case .request(let request) = $0 { request } else { nil } }
    }

    func nextReply() async throws -> Reply {
        try await self.next("REPLY") { if case .reply(let reply) = $0 { reply } else { nil } }
    }

    func nextRefusal() async throws -> Refused {
        try await self.next("REFUSED") { if case .refused(let refused) = $0 { refused } else { nil } }
    }

    func nextQueued() async throws -> Queued {
        try await self.next("QUEUED") { if case .queued(let queued) = $0 { queued } else { nil } }
    }

    func nextDisconnect() async throws -> Disconnect {
        try await self.next("DISCONNECT") { if case .disconnect(let disconnect) = $0 { disconnect } else { nil } }
    }

    private func read() {
        try? self.socket?.drain { frames in
            if let message = try? Message.decode(frames) { self.inbox.append(message) }
        }
        self.wake.take()?.resume()
    }
}
