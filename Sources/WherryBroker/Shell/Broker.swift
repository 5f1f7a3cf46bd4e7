internal import DequeModule
public import Logging
public import ServiceLifecycle
internal import WherryCore
package import WherryEventLoop
internal import WherryWire
package import WherryZeroMQ

/// A broker: takes jobs from clients and gives them to workers of its region.
///
/// It holds nothing that it cannot lose, so any number of brokers may serve a region, and any of them may be killed. Run it in a process of its
/// own (`wherry broker`), or inside a worker's, as a service of a `ServiceGroup`:
///
/// ```swift
/// let broker = Broker(configuration: BrokerConfiguration(region: "syd", binds: ["tcp://*:7400"]), logger: logger)
/// try await ServiceGroup(services: [broker], gracefulShutdownSignals: [.sigterm], logger: logger).run()
/// ```
public actor Broker: Service {
    /// What it was told.
    public nonisolated let configuration: BrokerConfiguration
    /// How long its socket stays open after its goodbyes: libzmq drops what a peer has received but not yet read when the connection ends at once
    /// (with ZMQ_IMMEDIATE, a third of the time).
    private static let farewellPause = Duration.milliseconds(100)
    /// How long its goodbyes may take to leave once its socket is closed.
    private static let farewellLinger = Duration.seconds(1)

    private nonisolated let loop: EventLoop
    private let context: ZeroMQContext
    private var log: BrokerLog
    private var metrics: BrokerMetrics
    private var machine: BrokerMachine
    private let wireLimits: WireLimits

    private var state = State.new
    private var socket: ZeroMQSocket?
    private var timer: LoopTimer?
    private var drainTimer: LoopTimer?
    private var endpointWaiters: [Int: CheckedContinuation<[String], any Error>] = [:]
    private var nextWaiter = 0

    /// What it does; each state names those that can follow.
    private enum State {
        /// → running, stopped
        case new
        /// → leaving. `end` resumes `run()`.
        case running(endpoints: [String], end: CheckedContinuation<Void, any Error>?)
        /// → stopped. It has said goodbye and hears nothing any more.
        case leaving(BrokerError?, end: CheckedContinuation<Void, any Error>?)
        /// The last one. `error` is why, if it was not asked to.
        case stopped(BrokerError?)
    }

    /// The thread that it runs on.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        self.loop.asUnownedSerialExecutor()
    }

    /// Makes a broker; `run()` starts it.
    ///
    /// - Parameters:
    ///   - configuration: region, endpoints, limits and times; `run()` throws if something in it is out of range.
    ///   - logger: where it reports who comes and goes, and who misbehaves.
    public init(configuration: BrokerConfiguration, logger: Logger) {
        self.init(configuration: configuration, logger: logger, loop: .shared, context: .shared)
    }

    /// Makes a broker on a loop and a context of its own.
    package init(configuration: BrokerConfiguration, logger: Logger, loop: EventLoop, context: ZeroMQContext) {
        var generator = SystemRandomNumberGenerator()
        self.configuration = configuration
        self.loop = loop
        self.context = context
        self.log = BrokerLog(logger: logger, region: configuration.region)
        self.metrics = BrokerMetrics(region: configuration.region)
        self.machine = BrokerMachine(
            configuration: configuration,
            incarnation: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) },
            seed: generator.next(),
            now: loop.now
        )
        var limits = WireLimits()
        limits.maximumPayloadSize = configuration.limits.payloadBytes
        self.wireLimits = limits
    }

    // MARK: Life

    /// Binds its endpoints and serves them until its task is cancelled or its `ServiceGroup` shuts down gracefully.
    ///
    /// A graceful shutdown hands waiting jobs back to their clients and lets workers finish theirs, for at most
    /// `BrokerConfiguration.drainTimeout`. Cancelling ends it at once; its clients send their jobs through another broker.
    ///
    /// - Throws: `BrokerError` if the configuration is out of range, an endpoint cannot be bound, the broker ran before, or its socket fails.
    public func run() async throws {
        try self.start()
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await self.end()
            } onGracefulShutdown: {
                self.onLoop { $0.drain() }
            }
        } onCancel: {
            self.onLoop { $0.stop() }
        }
    }

    /// Where it listens, in the order of `BrokerConfiguration.binds`, wildcards resolved. Waits until it does.
    ///
    /// - Throws: `BrokerError` if it could not start or has stopped; `CancellationError`.
    public var endpoints: [String] {
        get async throws {
            switch self.state {
            case .running(let endpoints, _): return endpoints
            case .leaving(let error, _), .stopped(let error): throw error ?? BrokerError(.stopped, "the broker has stopped")
            case .new: break
            }
            let waiter = self.nextWaiter
            self.nextWaiter += 1
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    if Task.isCancelled {
                        continuation.resume(throwing: CancellationError())
                    } else {
                        self.endpointWaiters[waiter] = continuation
                    }
                }
            } onCancel: {
                self.onLoop { $0.endpointWaiters.removeValue(forKey: waiter)?.resume(throwing: CancellationError()) }
            }
        }
    }

    private func start() throws(BrokerError) {
        guard case .new = self.state else { throw BrokerError(.alreadyRan, "this broker ran before: make a new one") }
        do {
            try self.configuration.validate()
            let endpoints = try self.bind()
            self.state = .running(endpoints: endpoints, end: nil)
            self.log.started(endpoints)
            for waiter in self.takeWaiters() { waiter.resume(returning: endpoints) }
        } catch {
            self.socket?.close()
            self.socket = nil
            self.state = .stopped(error)
            for waiter in self.takeWaiters() { waiter.resume(throwing: error) }
            throw error
        }
    }

    private func bind() throws(BrokerError) -> [String] {
        let limits = self.configuration.limits
        var options = ZeroMQOptions()
        // What a peer may have coming: as many requests as a worker may hold, or the answers to all that a client may have waiting. Who lets
        // more pile up does not read, and counts as gone.
        options.sendHighWaterMark = 2 * max(limits.jobsPerWorker + limits.questionsPerWorker, 2 * limits.queuedJobsPerClient)
        options.receiveHighWaterMark = 256
        // A little more than is allowed, so that who goes a little too far is told so instead of disconnected.
        options.maximumMessageSize = max(self.wireLimits.maximumPayloadSize, self.wireLimits.maximumEnvelopeSize) + 64 * 1024
        // Without it libzmq takes no IPv6 address, and with it `*` means those too, which not every machine has.
        options.ipv6 = self.configuration.binds.contains { $0.contains("[") }
        do throws(ZeroMQError) {
            let socket = try ZeroMQSocket(.router, context: self.context, options: options, loop: self.loop)
            self.socket = socket
            socket.onReadable { [weak self] in self?.assumeIsolated { $0.drainSocket() } }
            var endpoints: [String] = []
            for endpoint in self.configuration.binds { endpoints.append(try socket.bind(endpoint)) }
            return endpoints
        } catch {
            throw BrokerError(.cannotBind, error.message, endpoint: error.endpoint, cause: error)
        }
    }

    /// Waits for `stop`.
    private func end() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            switch self.state {
            case .running(let endpoints, _): self.state = .running(endpoints: endpoints, end: continuation)
            case .leaving(let error, _): self.state = .leaving(error, end: continuation)
            case .stopped(let error?): continuation.resume(throwing: error)
            case .stopped(nil), .new: continuation.resume()
            }
        }
    }

    private func drain() {
        guard case .running = self.state, self.drainTimer == nil else { return }
        self.log.draining(self.machine.load)
        self.drainTimer = self.loop.schedule(after: self.configuration.drainTimeout) { [weak self] in self?.assumeIsolated { $0.stop() } }
        self.step { $0.drain(now: $1) }
    }

    private func stop(because error: BrokerError? = nil) {
        guard case .running(_, let end) = self.state else { return }
        self.perform(self.machine.leave(now: self.loop.now))
        self.timer?.cancel()
        self.drainTimer?.cancel()
        self.state = .leaving(error, end: end)
        // The handler keeps the broker alive until then, even if nobody else does.
        self.loop.schedule(after: error == nil ? Self.farewellPause : .zero) { self.assumeIsolated { $0.close() } }
    }

    private func close() {
        guard case .leaving(let error, let end) = self.state else { return }
        self.socket?.close(linger: Self.farewellLinger)
        self.socket = nil
        self.state = .stopped(error)
        self.log.stopped()
        if let error { end?.resume(throwing: error) } else { end?.resume() }
    }

    private func takeWaiters() -> [CheckedContinuation<[String], any Error>] {
        defer { self.endpointWaiters = [:] }
        return self.endpointWaiters.sorted { $0.key < $1.key }.map(\.value)
    }

    private nonisolated func onLoop(_ body: @escaping @Sendable (isolated Broker) -> Void) {
        self.loop.execute { self.assumeIsolated { body($0) } }
    }

    // MARK: Traffic

    private func drainSocket() {
        do throws(ZeroMQError) {
            try self.socket?.drain { frames in self.receive(frames) }
        } catch {
            self.stop(because: BrokerError(.socketFailed, error.message, cause: error))
        }
    }

    private func receive(_ frames: [[UInt8]]) {
        guard let route = frames.first else { return }
        let peer = PeerID(bytes: route)
        do throws(WireError) {
            let message = try Message.decode(Array(frames.dropFirst()), limits: self.wireLimits)
            self.step { $0.receive(message, from: peer, now: $1) }
        } catch {
            self.step { $0.reject(error, from: peer, now: $1) }
        }
    }

    /// Tells the machine what happened, does what it says, and sees to its next deadline.
    private func step(_ event: (inout BrokerMachine, MonotonicInstant) -> [BrokerMachine.Action]) {
        guard case .running = self.state else { return }
        self.perform(event(&self.machine, self.loop.now))
        self.metrics.record(self.machine.load, now: self.loop.now)
        if self.machine.isDrained { return self.stop() }
        self.setTimer()
    }

    private func perform(_ actions: [BrokerMachine.Action]) {
        var pending = Deque(actions)
        while let action = pending.popFirst() {
            switch action {
            case .note(let note): self.log.write(note, now: self.loop.now)
            case .send(let message, let peer):
                self.metrics.sent(message)
                if !self.send(message, to: peer) { pending += self.machine.peerUnreachable(peer, now: self.loop.now) }
            }
        }
    }

    /// `false` if the peer is gone, or so far behind that it counts as gone: nothing is queued for the dead.
    private func send(_ message: Message, to peer: PeerID) -> Bool {
        guard let socket = self.socket else { return true }
        do throws(ZeroMQError) {
            try socket.send([peer.bytes] + message.encode())
            return true
        } catch {
            self.log.notSent(to: peer, error)
            return error.code != .unreachable && error.code != .wouldBlock
        }
    }

    private func setTimer() {
        guard let deadline = self.machine.nextDeadline else { return }
        // One that is due earlier stays: it finds nothing to do and is set anew, which is cheaper than moving it for every message.
        if let timer = self.timer, timer.isPending, timer.deadline <= deadline { return }
        self.timer?.cancel()
        self.timer = self.loop.schedule(at: deadline) { [weak self] in self?.assumeIsolated { $0.step { $0.tick(now: $1) } } }
    }
}
