import DequeModule
package import WherryCore
package import WherryJobs
package import WherryWire

/// The other end of a client's link when its jobs run in its own process: what a broker with one worker says, without a socket between. Pure:
/// events and the time go in, actions come out.
///
/// The client's machine does not know the difference, so that ids, deadlines, cancellation, fences, `undecided`, draining and the ways home are
/// the same inline and across an ocean. What is left to decide here: which jobs run, at most ``Configuration/concurrency`` at once, in the
/// order in which they came; what became of those that never began, which only their queue can say; and when to ask what the primary is.
package struct InlineMachine: Sendable {
    /// What it is told once.
    package struct Configuration: Sendable {
        /// Drawn anew by each process: 16 bytes.
        package var incarnation: [UInt8]
        package var region: String
        /// How many jobs run at once.
        package var concurrency: Int
        /// What there are handlers for.
        package var offers: [Offer]
        package var maximumPayloadSize = WireLimits().maximumPayloadSize
        /// How often the primary's clock and epoch are read anew. Every job checks the epoch by itself; this corrects the clock.
        package var primaryCheckInterval = Duration.seconds(60)
        /// The first pause before a primary that did not answer is asked again; it doubles.
        package var primaryRetryDelay = Duration.milliseconds(250)
        package var maximumPrimaryRetryDelay = Duration.seconds(4)
        /// Nobody can be dead who is in the same process, so nobody needs to say often that he lives.
        package var heartbeatInterval = Duration.seconds(20)

        package init(incarnation: [UInt8], region: String, concurrency: Int, offers: [Offer]) {
            self.incarnation = incarnation
            self.region = region
            self.concurrency = concurrency
            self.offers = offers
        }
    }

    /// What the primary said when it was asked.
    package enum PrimaryCheck: Sendable, Hashable {
        case primary(PrimaryStatus)
        /// It may answer later.
        case unreachable(String)
        /// It answers, but jobs cannot run there, whatever time passes: somebody must change something.
        case unusable(String)
    }

    package enum Event: Sendable {
        /// The client opened its link.
        case opened
        /// The client closed it.
        case closed
        /// The client said something.
        case received(Message)
        /// A job's handler starts.
        case started(JobID)
        case finished(JobID, JobEnd)
        /// Its handler reports something.
        case progressed(Partial)
        case fenced(JobID, JobEnd)
        /// A question for the primary's position was answered; `nil` if it could not be.
        case positionRead(number: UInt64, CausalToken?)
        case primaryChecked(PrimaryCheck)
        /// `nextDeadline` has come.
        case tick
    }

    package enum Action: Sendable, Hashable {
        /// Say this to the client.
        case tell(Message)
        case run(Request, receivedAt: MonotonicInstant)
        /// Its caller gave a job up that runs: stop its handler.
        case stop(JobID)
        case fence(Fence, receivedAt: MonotonicInstant)
        case readPosition(number: UInt64, Epoch)
        case checkPrimary
        /// Why jobs do not run; final if waiting does not help. `nil` when they do.
        case trouble(Trouble?)
    }

    /// What keeps jobs from running.
    package struct Trouble: Sendable, Hashable {
        package var reason: String
        /// Waiting does not help.
        package var isFinal: Bool

        package init(reason: String, isFinal: Bool) {
            self.reason = reason
            self.isFinal = isFinal
        }
    }

    struct Waiting: Sendable {
        var request: Request
        var receivedAt: MonotonicInstant
    }

    let configuration: Configuration
    var isOpen = false
    var waiting: Deque<Waiting> = []
    var running: Set<JobID> = []
    var primary: (status: PrimaryStatus, at: MonotonicInstant)?
    var wasPrimary = false
    var isChecking = false
    var nextCheck: MonotonicInstant?
    var retryDelay = Duration.zero
    var trouble: Trouble?
    var output: [Action] = []

    package init(configuration: Configuration) {
        self.configuration = configuration
    }

    /// How many jobs wait, and how many run.
    package var counts: (waiting: Int, running: Int) { (self.waiting.count, self.running.count) }

    /// When the machine wants a `tick`.
    package var nextDeadline: MonotonicInstant? { self.isOpen && !self.isChecking ? self.nextCheck : nil }

    /// Feeds one event; the returned actions are to be carried out in order.
    package mutating func handle(_ event: Event, now: MonotonicInstant) -> [Action] {
        switch event {
        case .opened:
            self.isOpen = true
            self.checkPrimary()
        case .closed:
            self.isOpen = false
            self.waiting = []
        case .received(let message): self.received(message, now: now)
        case .started(let id): self.output.append(.tell(.running(Running(id: id, attempts: 0))))
        case .finished(let id, let end): self.finished(id, end, now: now)
        case .progressed(let partial): self.output.append(.tell(.partial(partial)))
        case .fenced(let id, let end): self.fenced(id, end)
        case .positionRead(let number, let token):
            if let token { self.output.append(.tell(.position(Position(number: number, token: token)))) }
        case .primaryChecked(let check): self.primaryChecked(check, now: now)
        case .tick: if let nextCheck, nextCheck <= now { self.checkPrimary() }
        }
        self.dispatch(now: now)
        defer { self.output = [] }
        return self.output
    }
}
