package import WherryCore
package import WherryWire

/// The client of design.md's "the life of a write job": the pending table, the links to the brokers, and what makes an answer final. Pure:
/// events and the time go in, actions come out.
///
/// What it keeps, whatever is lost, doubled, delayed or killed:
///
/// - **Every handle ends**, with one `complete`: at its deadline a fence is asked for, and a fence without an answer ends as undecided.
/// - **No final answer without a receipt**, but for the hint of step 7: exactly one copy was handed to ZeroMQ, no fence was asked for, and the
///   broker it went to says that it never dispatched it.
/// - **Answers of an older epoch than the newest known prove nothing**, wherever they come from.
/// - **`lost` is told only by a receipt** that stands on the new epoch.
/// - A slow queue is no loss: a job is sent again only when its holder is dead, disowns it or hands it back, and within a budget.
///
/// `WherryClient` is the shell; the simulation drives the same machine.
package struct ClientMachine: Sendable {
    /// Names a pending job; chosen by the shell, never used twice.
    package struct Handle: Hashable, Comparable, Sendable {
        package var rawValue: UInt64

        package init(rawValue: UInt64) {
            self.rawValue = rawValue
        }

        package static func < (left: Handle, right: Handle) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// A link's place in the table of links. Used again when a link has closed.
    package struct LinkID: Hashable, Comparable, Sendable {
        package var index: Int

        package init(index: Int) {
            self.index = index
        }

        package static func < (left: LinkID, right: LinkID) -> Bool {
            left.index < right.index
        }
    }

    package enum Event: Sendable {
        /// Links may be opened from now on. Before that, jobs can be submitted and run into their deadlines.
        case start
        case submit(Handle, Submission)
        /// The caller gives up. Ends like everything else with `complete`, which may well say that the job has committed.
        case cancel(Handle)
        case received(Message, from: LinkID)
        /// A host name was looked up.
        case resolved(entry: Int, BrokerDirectory.Answer)
        /// ZeroMQ did not take a message: it was not handed over.
        case notSent(Message, via: LinkID)
        /// A watch ended.
        case judged(Handle, ReplayVerdict)
        /// The local replica has met an epoch.
        case learned(Epoch)
        /// Readers want the primary's position.
        case position(PositionEvent)
        /// Jobs that run in this process cannot, and why; `nil`: they can again. If waiting does not help, what was not sent yet ends at once.
        case troubled(reason: String?, isFinal: Bool)
        /// No more jobs; those pending get this long. Sent again, it moves the limit.
        case shutdown(until: MonotonicInstant)
        /// `nextDeadline` has come.
        case tick
    }

    package enum Action: Hashable, Sendable {
        case openLink(LinkID, endpoint: String)
        /// Look a host name up, and say `resolved`.
        case resolve(BrokerDirectory.Query)
        case closeLink(LinkID)
        case send(Message, via: LinkID)
        /// Wait for this on the local replica. A handle has one watch at a time, and no deadline: `unwatch` ends it.
        case watch(Handle, ReplayCondition)
        case unwatch(Handle)
        /// An epoch newer than all before: for the notifier.
        case learned(Epoch)
        /// The job has its id.
        case identified(Handle, JobID)
        /// The job's handler reported something. `run` counts how often it began anew.
        case progressed(Handle, Partial, run: Int)
        /// The job has committed at the primary; it is not yet visible here. At most once, before `complete`.
        case committed(Handle, Reply, JobTimings)
        /// The end. Exactly once.
        case complete(Handle, Completion, JobTimings)
        /// A reader's wait for the primary's position ended.
        case positionAnswered(Reader, PositionAnswer)
        /// Something for the log.
        case note(Note)
        /// All handles have ended, all links are closed: after `shutdown`, once.
        case finished
    }

    /// Between `start` and `shutdown`, and around them.
    enum Life: Sendable {
        /// Can go to `running`, `draining`, `closed`.
        case new
        /// Can go to `draining`.
        case running
        /// Can go to `closed`, when the table is empty or the time is over.
        case draining(until: MonotonicInstant)
        case closed
    }

    package let configuration: ClientMachineConfiguration
    var random: RandomSource
    var output: [Action] = []
    var life = Life.new
    var lastEvent: MonotonicInstant?

    var entries: [Handle: Entry] = [:]
    var byID: [JobID: Handle] = [:]
    /// When each pending job wants attention next.
    var wakes = IndexedHeap<Handle, MonotonicInstant>()
    /// What waits to be sent, by where it goes: one region without brokers must not hold up the others.
    var lanes: [Lane: SendQueues] = [:]
    var fencing: Set<Handle> = []
    var budget: RetryBudget

    var directory: BrokerDirectory
    var links: [Link] = []
    var nextSerial: UInt64 = 0
    var newestEpoch: Epoch?
    var clock: PrimaryClock?
    var positions = PositionQuestions()
    /// The names that were said to be offered by nobody.
    var unofferedNames: Set<String> = []
    static let maximumUnofferedNames = 100
    /// Why jobs that run in this process cannot.
    var trouble: (reason: String, isFinal: Bool)?

    /// - Parameter random: draws job ids and jitter; the simulation gives a seeded one.
    package init(configuration: ClientMachineConfiguration, random: RandomSource) {
        self.configuration = configuration
        self.random = random
        self.directory = BrokerDirectory(configuration.brokers, times: configuration.resolving)
        self.budget = RetryBudget(
            share: configuration.redeliveryShare,
            floor: configuration.redeliveryFloor,
            maximumPending: configuration.maximumPendingJobs
        )
        self.followDirectory()
    }

    /// How many jobs have not ended.
    package var pendingCount: Int { self.entries.count }

    /// Whether any broker has said WELCOME and is alive.
    package var isConnected: Bool { self.links.contains { $0.isReady } }

    /// The newest epoch known.
    package var epoch: Epoch? { self.newestEpoch }

    /// Feeds one event; the returned actions are to be carried out in order.
    package mutating func handle(_ event: Event, now: MonotonicInstant) -> [Action] {
        self.noticeFreeze(now: now)
        switch event {
        case .start:
            if case .new = self.life { self.life = .running }
        case .submit(let handle, let submission): self.submit(handle, submission, now: now)
        case .cancel(let handle): self.cancel(handle, now: now)
        case .received(let message, let link): self.received(message, from: link, now: now)
        case .notSent(let message, let link): self.notSent(message, via: link, now: now)
        case .resolved(let entry, let answer): self.resolved(entry, answer, now: now)
        case .judged(let handle, let verdict): self.judged(handle, verdict, now: now)
        case .learned(let epoch): self.learn(epoch, now: now)
        case .position(let event): self.handle(event)
        case .troubled(let reason, let isFinal): self.troubled(reason, isFinal: isFinal, now: now)
        case .shutdown(let until):
            switch self.life {
            case .new: self.life = .draining(until: now)
            case .running, .draining: self.life = .draining(until: until)
            case .closed: break
            }
        case .tick: break
        }
        self.advance(now: now)
        defer { self.output = [] }
        return self.output
    }

    /// When the machine wants a `tick`; `nil` if it has nothing to do until something happens.
    package var nextDeadline: MonotonicInstant? {
        var candidates = [self.wakes.min?.key, self.nextSendTime, self.nextPositionTime]
        switch self.life {
        case .new, .closed: break
        case .running: candidates += self.links.map { $0.wake(self.configuration) } + [self.directory.nextDeadline]
        case .draining(let until): candidates += self.links.map { $0.wake(self.configuration) } + [self.directory.nextDeadline, until]
        }
        return candidates.compactMap { $0 }.min()
    }

    /// Does whatever is due now. Every event ends here.
    private mutating func advance(now: MonotonicInstant) {
        while let handle = self.wakes.popMin(upTo: now) { self.wake(handle, now: now) }
        self.expirePositions(now: now)
        switch self.life {
        case .new, .closed: return
        case .running: break
        case .draining(let until) where self.entries.isEmpty || until <= now:
            self.close(now: now)
            return
        case .draining: break
        }
        for query in self.directory.takeDue(now: now) { self.output.append(.resolve(query)) }
        for index in self.links.indices { self.tend(LinkID(index: index), now: now) }
        self.pump(now: now)
        self.tendPositions(now: now)
    }

    private mutating func close(now: MonotonicInstant) {
        for handle in self.entries.keys.sorted() { self.complete(handle, .rejected(.closed), now: now) }
        for index in self.links.indices where self.links[index].isOpen {
            let link = LinkID(index: index)
            self.leave(link, now: now)
        }
        self.life = .closed
        self.closePositions()
        self.output.append(.finished)
    }

    /// A process that was frozen must not believe that everybody else died: after a gap all liveness starts anew.
    private mutating func noticeFreeze(now: MonotonicInstant) {
        defer { self.lastEvent = now }
        guard let last = self.lastEvent else { return }
        for index in self.links.indices where self.links[index].isOpen {
            if now - last > self.links[index].liveness(self.configuration) / 2 {
                self.links[index].lastHeard = now
                self.links[index].resumedAt = now
            }
        }
    }
}
