import Logging
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryWire
import WherryZeroMQ

/// The shell of the worker machine: its sockets and its timer, on the event loop. Work that takes a database goes out as a stream.
actor WorkerLinks {
    /// What somebody with a database must do, and report back.
    enum Work: Sendable {
        case run(Request, receivedAt: MonotonicInstant)
        case cancel(JobID)
        case fence(Fence, receivedAt: MonotonicInstant)
        case readPosition(Epoch)
        case checkPrimary
        /// Cancel whatever runs.
        case abandon
    }

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    /// What is to be done; ends with the machine. The machine bounds how much can be in it.
    nonisolated let work: AsyncStream<Work>
    private let workSource: AsyncStream<Work>.Continuation

    private let resolver: any HostResolver
    /// Where links were last opened to, for the log.
    private var endpoints: [Int: String] = [:]
    private let options: ZeroMQOptions
    private let limits: WireLimits
    private let log: WorkerLog
    private var machine: WorkerMachine
    private var sockets: [Int: Link] = [:]
    /// Sockets on which nothing more is said, for as long as it takes to be heard.
    private var leaving: [ZeroMQSocket] = []
    private var timer: LoopTimer?
    private var ending: WorkerMachine.Ending?
    /// Nothing more is told to the machine, which a cancelled worker leaves in the middle of its life: it would open links that nobody closes.
    private var isFinished = false

    /// A socket, and what waits for its connection to come about.
    private struct Link {
        var socket: ZeroMQSocket
        /// `nil` once it has been connected: from then on what cannot be sent is dropped.
        var outbox: [[[UInt8]]]? = []
    }

    /// How many messages wait for a connection to come about.
    private static let maximumOutbox = 1_000
    /// How long a socket stays open after the last words on it: libzmq drops what the other side has received but not read when a connection
    /// ends at once.
    private static let farewellPause = Duration.milliseconds(100)

    init(machine: WorkerMachine, resolver: any HostResolver, maximumPayloadSize: Int, loop: EventLoop, log: WorkerLog) {
        self.machine = machine
        self.resolver = resolver
        self.loop = loop
        self.log = log
        var limits = WireLimits()
        limits.maximumPayloadSize = maximumPayloadSize
        self.limits = limits
        var options = ZeroMQOptions()
        options.maximumMessageSize = max(limits.maximumPayloadSize, limits.maximumEnvelopeSize)
        self.options = options
        (self.work, self.workSource) = AsyncStream.makeStream()
    }

    /// Takes an event, carries out what the machine says.
    func handle(_ event: WorkerMachine.Event) {
        guard !self.isFinished else { return }
        for action in self.machine.handle(event, now: self.loop.now) { self.perform(action) }
        self.setTimer()
    }

    /// Why the machine ended, once the stream of work has. Closes what is open.
    func finish() async -> WorkerMachine.Ending {
        self.isFinished = true
        self.timer?.cancel()
        self.timer = nil
        self.workSource.finish()
        for link in self.sockets.keys.sorted() { self.close(link) }
        await withCheckedContinuation { continuation in
            self.loop.schedule(after: Self.farewellPause) { continuation.resume() }
        }
        for socket in self.leaving { socket.close() }
        self.leaving = []
        return self.ending ?? .drained
    }

    private func perform(_ action: WorkerMachine.Action) {
        switch action {
        case .connect(let link, let endpoint): self.open(link, endpoint)
        case .resolve(let query):
            self.resolver.resolve(query.host, on: self.loop) { [weak self] answer in
                self?.assumeIsolated { $0.handle(.resolved(entry: query.entry, answer)) }
            }
        case .disconnect(let link): self.close(link)
        case .send(let message, let link): self.send(message.encode(), to: link)
        case .run(let request, let receivedAt): self.workSource.yield(.run(request, receivedAt: receivedAt))
        case .cancel(let id): self.workSource.yield(.cancel(id))
        case .fence(let fence, let receivedAt): self.workSource.yield(.fence(fence, receivedAt: receivedAt))
        case .readPosition(let epoch): self.workSource.yield(.readPosition(epoch))
        case .checkPrimary: self.workSource.yield(.checkPrimary)
        case .pulse:
            // A task of no actor's, as a handler's is.
            Task.detached { [weak self] in await self?.handle(.pulsed) }
        case .abandon: self.workSource.yield(.abandon)
        case .log(let note): self.log.write(note, endpoints: self.endpoints)
        case .end(let ending):
            self.ending = ending
            self.workSource.finish()
        }
    }

    // MARK: Sockets

    private func open(_ link: Int, _ endpoint: String) {
        self.endpoints[link] = endpoint
        var options = self.options
        options.ipv6 = endpoint.contains("[")
        do {
            let socket = try ZeroMQSocket(.dealer, options: options, loop: self.loop)
            self.sockets[link] = Link(socket: socket)
            let identity = ObjectIdentifier(socket)
            socket.onReadable { [unowned self] in self.assumeIsolated { $0.receive(from: link, on: identity) } }
            socket.whenWritable { [unowned self] in self.assumeIsolated { $0.connected(link) } }
            try socket.connect(endpoint)
        } catch {
            self.log.endpointFailed(endpoint, error)
        }
    }

    private func close(_ link: Int) {
        guard let socket = self.sockets[link]?.socket else { return }
        self.sockets[link] = nil
        self.leaving.append(socket)
        let identity = ObjectIdentifier(socket)
        self.loop.schedule(after: Self.farewellPause) { [weak self] in self?.assumeIsolated { $0.closeLeaving(identity) } }
    }

    private func closeLeaving(_ identity: ObjectIdentifier) {
        guard let index = self.leaving.firstIndex(where: { ObjectIdentifier($0) == identity }) else { return }
        self.leaving.remove(at: index).close()
    }

    private func connected(_ link: Int) {
        guard let waiting = self.sockets[link]?.outbox else { return }
        self.sockets[link]?.outbox = nil
        for frames in waiting { self.send(frames, to: link) }
    }

    private func send(_ frames: [[UInt8]], to link: Int) {
        guard let open = self.sockets[link] else { return }
        if let outbox = open.outbox {
            if outbox.count < Self.maximumOutbox { self.sockets[link]?.outbox?.append(frames) }
            return
        }
        do {
            try open.socket.send(frames)
        } catch {
            // The broker is gone, or does not read: its silence will tell. An answer that is lost here has its receipt.
            self.log.notSent(self.endpoints[link] ?? "?", error)
        }
    }

    private func receive(from link: Int, on identity: ObjectIdentifier) {
        let candidates = [self.sockets[link]?.socket].compactMap { $0 } + self.leaving
        guard let socket = candidates.first(where: { ObjectIdentifier($0) == identity }) else { return }
        do throws(ZeroMQError) {
            try socket.drain { frames in
                // What comes on a socket that is about to close is taken off it, and that is all.
                guard self.sockets[link]?.socket === socket else { return }
                do throws(WireError) {
                    self.handle(.received(try Message.decode(frames, limits: self.limits), from: link))
                } catch {
                    self.handle(.receivedNonsense(error, from: link))
                }
            }
        } catch {
            self.log.endpointFailed(self.endpoints[link] ?? "?", error)
        }
    }

    // MARK: Time

    private func setTimer() {
        guard let next = self.machine.nextWakeUp else {
            self.timer?.cancel()
            return self.timer = nil
        }
        if let timer = self.timer, timer.isPending, timer.deadline == next { return }
        self.timer?.cancel()
        self.timer = self.loop.schedule(at: next) { [unowned self] in self.assumeIsolated { $0.handle(.timePassed) } }
    }
}
