import Logging
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryWire

/// The shell around `InlineMachine`: the other end of a client's link, in its own process.
actor InlineHost {
    /// What stands in the place of a broker's endpoint in the client's machine.
    static let endpoint = "inproc://wherry-inline"

    /// What takes time.
    private enum Work {
        case run(Request, receivedAt: MonotonicInstant, stop: JobStop)
        case fence(Fence, receivedAt: MonotonicInstant)
        case readPosition(number: UInt64, Epoch)
        case checkPrimary
    }

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    private nonisolated let runner: any InlineRunner
    private let logger: Logger
    private var machine: InlineMachine
    private var events: [InlineMachine.Event] = []
    private var isStepping = false
    private var timer: LoopTimer?
    /// How the jobs that run are stopped.
    private var stops: [JobID: JobStop] = [:]
    private var tell: (@Sendable (Message) -> Void)?
    private var onTrouble: (@Sendable (InlineMachine.Trouble?) -> Void)?
    // Bounded by the client: as many jobs and fences as it has pending, one question for the primary at a time.
    private let work: AsyncStream<Work>
    private let addWork: AsyncStream<Work>.Continuation

    /// - Parameters:
    ///   - region: the primary's.
    ///   - concurrency: how many jobs run at once.
    init(runner: any InlineRunner, region: String, concurrency: Int, loop: EventLoop, logger: Logger) {
        self.loop = loop
        self.logger = logger
        self.runner = runner
        self.machine = InlineMachine(
            configuration: InlineMachine.Configuration(
                incarnation: (0..<16).map { _ in .random(in: .min ... .max) },
                region: region,
                concurrency: concurrency,
                offers: runner.offers
            )
        )
        (self.work, self.addWork) = AsyncStream.makeStream()
    }

    /// Runs what the client asks for, until `shutdown()` or cancellation. Jobs that still run then are rolled back.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.runner.run() }
            await withDiscardingTaskGroup { group in
                for await work in self.work { group.addTask { await self.perform(work) } }
                group.cancelAll()
            }
            group.cancelAll()
        }
    }

    /// Ends `run()`. Idempotent.
    func shutdown() {
        self.timer?.cancel()
        self.timer = nil
        self.addWork.finish()
    }

    // MARK: The client's link

    /// The client opens its link; what is said to it goes to `tell`.
    func open(tell: @escaping @Sendable (Message) -> Void, onTrouble: @escaping @Sendable (InlineMachine.Trouble?) -> Void) {
        self.tell = tell
        self.onTrouble = onTrouble
        self.step(.opened)
    }

    /// The client closes its link.
    func close() {
        self.step(.closed)
        self.tell = nil
        self.onTrouble = nil
    }

    /// The client says something.
    func receive(_ message: Message) {
        self.step(.received(message))
    }

    // MARK: The machine

    /// Tells the machine something, and does what it says. What the client says in answer waits its turn.
    private func step(_ event: InlineMachine.Event) {
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

    private func carryOut(_ action: InlineMachine.Action) {
        switch action {
        case .tell(let message): self.tell?(message)
        case .run(let request, let receivedAt):
            let stop = JobStop()
            self.stops[request.job.id] = stop
            self.addWork.yield(.run(request, receivedAt: receivedAt, stop: stop))
        case .stop(let id): self.stops[id]?.cancel()
        case .fence(let fence, let receivedAt): self.addWork.yield(.fence(fence, receivedAt: receivedAt))
        case .readPosition(let number, let epoch): self.addWork.yield(.readPosition(number: number, epoch))
        case .checkPrimary: self.addWork.yield(.checkPrimary)
        case .trouble(let trouble):
            if let trouble {
                self.logger.warning("jobs cannot run in this process now", metadata: [LogKey.error: "\(trouble.reason)"])
            }
            self.onTrouble?(trouble)
        }
    }

    private func setTimer() {
        guard let deadline = self.machine.nextDeadline else {
            self.timer?.cancel()
            self.timer = nil
            return
        }
        if let timer = self.timer, timer.isPending, timer.deadline == deadline { return }
        self.timer?.cancel()
        self.timer = self.loop.schedule(at: deadline) { self.assumeIsolated { $0.step(.tick) } }
    }

    // MARK: Work

    private func finished(_ id: JobID, _ end: JobEnd) {
        // Before the machine can start the same id again.
        self.stops[id] = nil
        self.step(.finished(id, end))
    }

    private nonisolated func perform(_ work: Work) async {
        switch work {
        case .run(let request, let receivedAt, let stop):
            let id = request.job.id
            let end = await self.runner.run(
                request, receivedAt: receivedAt, stop: stop,
                onProgress: { partial in self.loop.execute { self.assumeIsolated { $0.step(.progressed(partial)) } } },
                onRunning: { self.loop.execute { self.assumeIsolated { $0.step(.started(id)) } } }
            )
            await self.finished(id, end)
        case .fence(let fence, let receivedAt):
            await self.step(.fenced(fence.job.id, await self.runner.fence(fence, receivedAt: receivedAt)))
        case .readPosition(let number, let epoch):
            await self.step(.positionRead(number: number, await self.runner.position(in: epoch)))
        case .checkPrimary:
            await self.step(.primaryChecked(await self.runner.checkPrimary()))
        }
    }
}
