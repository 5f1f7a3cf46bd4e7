import Logging
import Metrics
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryWire
import WherryZeroMQ

/// The shell around `ClientMachine`: sockets, timer, and the callers who wait. On the event loop, like everything it talks to.
actor ClientCore {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    nonisolated let notifier: ReplayNotifier
    /// What runs jobs in this process, if anything does; it stands at the other end of ``inlineLink``.
    private let inline: InlineHost?
    private var inlineLink: ClientMachine.LinkID?
    private let context: ZeroMQContext
    private let options: ZeroMQOptions
    private let resolver: any HostResolver
    private let logger: Logger
    private var machine: ClientMachine
    private var metrics: ClientMetrics
    private var events: [ClientMachine.Event] = []
    private var isStepping = false
    private var timer: LoopTimer?
    private var sockets: [ClientMachine.LinkID: ZeroMQSocket] = [:]
    /// Where open links lead, for the log.
    private var endpoints: [ClientMachine.LinkID: String] = [:]
    private var pending: [ClientMachine.Handle: PendingJob] = [:]
    private var watches: [ClientMachine.Handle: ReplayNotifierMachine.WaiterID] = [:]
    private let finished = Latch()
    var readers: [ClientMachine.Reader: CheckedContinuation<ClientMachine.PositionAnswer?, Never>] = [:]
    var lastReader: UInt64 = 0

    init(
        _ configuration: ClientMachineConfiguration, notifier: ReplayNotifier, inline: InlineHost? = nil, loop: EventLoop,
        context: ZeroMQContext, resolver: any HostResolver, logger: Logger
    ) {
        self.loop = loop
        self.inline = inline
        self.notifier = notifier
        self.context = context
        self.resolver = resolver
        self.logger = logger
        var options = ZeroMQOptions()
        // A full window and what the protocol says about it: an acknowledgement, a start and a reply for each job.
        options.sendHighWaterMark = max(1_000, configuration.maximumOutstandingPerBroker * 2)
        options.receiveHighWaterMark = max(1_000, configuration.maximumOutstandingPerBroker * 4)
        self.options = options
        self.machine = ClientMachine(configuration: configuration, random: .system)
        self.metrics = ClientMetrics(region: configuration.region, factory: MetricsSystem.factory)
    }

    /// Opens the links, and returns when the client is shut down and everything has ended.
    func run() async {
        self.start()
        await self.finished.wait()
    }

    private func start() {
        self.notifier.assumeIsolated { notifier in
            notifier.onEpoch { epoch in self.assumeIsolated { $0.step(.learned(epoch)) } }
        }
        self.step(.start)
    }

    /// From any thread. What many callers submit at once reaches the loop with one wake-up.
    nonisolated func submit(_ job: PendingJob, _ submission: ClientMachine.Submission) {
        self.loop.execute {
            self.assumeIsolated { core in
                core.pending[job.handle] = job
                core.metrics.pending(core.pending.count)
                core.step(.submit(job.handle, submission))
            }
        }
    }

    /// From any thread.
    nonisolated func cancel(_ handle: ClientMachine.Handle) {
        self.loop.execute { self.assumeIsolated { $0.step(.cancel(handle)) } }
    }

    /// From any thread: nothing new from now on; what is pending gets this long.
    nonisolated func shutdown(within limit: Duration) {
        self.loop.execute { self.assumeIsolated { $0.step(.shutdown(until: $0.loop.now + limit)) } }
    }

    /// How many jobs have not ended.
    var pendingCount: Int { self.machine.pendingCount }

    // MARK: The machine

    /// Tells the machine something, and does what it says. What happens on the way (a send that fails, a watch that ends at once) comes back as
    /// events that wait their turn.
    func step(_ event: ClientMachine.Event) {
        self.events.append(event)
        guard !self.isStepping else { return }
        self.isStepping = true
        var next = 0
        while next < self.events.count {
            let actions = self.machine.handle(self.events[next], now: self.loop.now)
            next += 1
            for action in actions { self.carryOut(action) }
        }
        self.events.removeAll(keepingCapacity: true)
        self.isStepping = false
        self.setTimer()
    }

    private func setTimer() {
        guard let deadline = self.machine.nextDeadline else {
            self.timer?.cancel()
            self.timer = nil
            return
        }
        // One that fires too early costs a tick; moving it with every message would cost more.
        if let timer = self.timer, timer.isPending, timer.deadline <= deadline { return }
        self.timer?.cancel()
        self.timer = self.loop.schedule(at: deadline) { self.assumeIsolated { $0.step(.tick) } }
    }

    private func carryOut(_ action: ClientMachine.Action) {
        switch action {
        case .openLink(let link, let endpoint): self.open(link, endpoint)
        case .resolve(let query): self.resolve(query)
        case .closeLink(let link): self.close(link)
        case .send(let message, let link):
            self.metrics.sent(message)
            self.send(message, via: link)
        case .watch(let handle, let condition): self.watch(handle, condition)
        case .unwatch(let handle):
            if let id = self.watches.removeValue(forKey: handle) { self.notifier.assumeIsolated { $0.unwatch(id) } }
        case .learned(let epoch): self.notifier.assumeIsolated { $0.learn(epoch) }
        case .identified(let handle, let id):
            self.pending[handle]?.trace?.identified(id)
            self.pending[handle]?.advance(to: .identified) { $0.id = id }
        case .progressed(let handle, let partial, let run): self.pending[handle]?.report(partial, run: run)
        case .committed(let handle, let reply, let timings):
            self.pending[handle]?.trace?.committed(reply)
            self.pending[handle]?.advance(to: .committed) { progress in
                progress.committed = reply
                progress.timings = timings
            }
        case .complete(let handle, let completion, let timings):
            guard let job = self.pending.removeValue(forKey: handle) else { return }
            self.metrics.ended(job.name, completion, timings)
            self.metrics.pending(self.pending.count)
            job.endTrace(completion)
            job.advance(to: .ended) { progress in
                progress.completion = completion
                if case .answered(let reply) = completion { progress.committed = reply }
                progress.timings = timings
            }
        case .positionAnswered(let reader, let answer): self.answer(reader, answer)
        case .note(let note):
            self.metrics.noted(note)
            self.log(note)
        case .finished: self.finished.open()
        }
    }

    private func watch(_ handle: ClientMachine.Handle, _ condition: ReplayCondition) {
        let id = self.notifier.assumeIsolated { $0.makeID() }
        self.watches[handle] = id
        self.notifier.assumeIsolated { notifier in
            notifier.watch(id, condition) { verdict in
                self.assumeIsolated { core in
                    core.watches[handle] = nil
                    core.step(.judged(handle, verdict))
                }
            }
        }
    }

    // MARK: Sockets

    private func close(_ link: ClientMachine.LinkID) {
        if link == self.inlineLink {
            self.inlineLink = nil
            self.inline?.assumeIsolated { $0.close() }
        } else {
            self.sockets.removeValue(forKey: link)?.close()
        }
    }

    /// The link without a socket, to the jobs that run in this process.
    private func openInline(_ link: ClientMachine.LinkID, to host: InlineHost) {
        self.inlineLink = link
        host.assumeIsolated { host in
            host.open { message in
                self.assumeIsolated { $0.step(.received(message, from: link)) }
            } onTrouble: { trouble in
                self.assumeIsolated { $0.step(.troubled(reason: trouble?.reason, isFinal: trouble?.isFinal ?? false)) }
            }
        }
    }

    private func open(_ link: ClientMachine.LinkID, _ endpoint: String) {
        self.endpoints[link] = endpoint
        if let inline, endpoint == InlineHost.endpoint { return self.openInline(link, to: inline) }
        var options = self.options
        options.ipv6 = endpoint.contains("[")
        do {
            let socket = try ZeroMQSocket(.dealer, context: self.context, options: options, loop: self.loop)
            self.sockets[link] = socket
            try socket.connect(endpoint)
            socket.onReadable { [unowned self] in self.assumeIsolated { $0.receive(from: link) } }
        } catch {
            // The link is found silent in time, and opened again with a growing pause.
            self.logger.warning(
                "cannot open a link to a broker",
                metadata: [LogKey.endpoint: "\(endpoint)", LogKey.error: "\(error)"]
            )
        }
    }

    private func resolve(_ query: BrokerDirectory.Query) {
        self.resolver.resolve(query.host, on: self.loop) { answer in
            self.assumeIsolated { $0.step(.resolved(entry: query.entry, answer)) }
        }
    }

    private func receive(from link: ClientMachine.LinkID) {
        guard let socket = self.sockets[link] else { return }
        do {
            try socket.drain { frames in
                do {
                    self.step(.received(try Message.decode(frames), from: link))
                } catch {
                    self.logger.warning(
                        "a broker sent what is no message",
                        metadata: [LogKey.endpoint: "\(self.endpoints[link] ?? "?")", LogKey.error: "\(error)"]
                    )
                }
            }
        } catch {
            self.logger.warning("cannot receive from a broker", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func send(_ message: Message, via link: ClientMachine.LinkID) {
        if let inline, link == self.inlineLink { return inline.assumeIsolated { $0.receive(message) } }
        do {
            guard let socket = self.sockets[link] else { return self.step(.notSent(message, via: link)) }
            try socket.send(message.encode())
        } catch {
            self.logger.trace("ZeroMQ did not take a message", metadata: [LogKey.error: "\(error)"])
            self.step(.notSent(message, via: link))
        }
    }

    private func log(_ note: ClientMachine.Note) {
        switch note {
        case .linkReady(let link):
            self.logger.debug("a broker is ready", metadata: [LogKey.endpoint: "\(self.endpoints[link] ?? "?")"])
        case .linkLost(let link, let reason):
            self.logger.info(
                "the link to a broker is lost",
                metadata: [LogKey.endpoint: "\(self.endpoints[link] ?? "?")", LogKey.error: "\(reason)"]
            )
        case .foreignEpoch(let epoch):
            self.logger.error("a broker speaks of another history of the database than the one known", metadata: [LogKey.epoch: "\(epoch)"])
        case .unexpected(let link):
            self.logger.debug(
                "a broker sent a message that a client should not get",
                metadata: [LogKey.endpoint: "\(self.endpoints[link] ?? "?")"]
            )
        case .unoffered(let name, let reason):
            self.logger.warning(
                "no worker offers a job; calls of it wait for one until their deadlines",
                metadata: [LogKey.jobName: "\(name)", LogKey.error: "\(reason)"])
        case .unresolved(let host, let reason):
            self.logger.warning(
                "cannot resolve the name of a broker; going on with the addresses known",
                metadata: [LogKey.host: "\(host)", LogKey.error: "\(reason)"])
        case .contradiction(let id):
            self.logger.critical("two different outcomes of one job in one history", metadata: [LogKey.jobID: "\(id)"])
        }
    }
}
