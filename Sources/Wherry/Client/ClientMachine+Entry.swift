import WherryCore
import WherryJobs
import WherryWire

extension ClientMachine {
    /// One pending job.
    struct Entry: Sendable {
        /// Where the job stands.
        enum Phase: Sendable {
            /// In one of the queues. Can go to `sent`, `held` (a broker turns out to hold it still), `fencing`, `proving`.
            case waiting
            /// Handed to a broker, not acknowledged. Can go to `held`, `waiting`, `fencing`, `proving`.
            case sent(via: LinkID, at: MonotonicInstant)
            /// Acknowledged. Can go to `waiting`, `fencing`, `proving`.
            case held(via: LinkID)
            /// A region job whose broker is silent: it must not run twice. Can go to `held`, if the broker comes back and still has it.
            case orphaned(until: MonotonicInstant)
            /// A receipt was asked for that ends the job. Can go to `proving` (it had committed).
            case fencing(Fencing)
            /// Committed; the replica is awaited. Can go to `fencing` (`lost`), when a failover lies between.
            case proving
        }

        struct Fencing: Sendable {
            var kind: Outcome
            var nextTry: MonotonicInstant
            var giveUpAt: MonotonicInstant
            var tries = 0
        }

        /// What the notifier watches for this job.
        enum Watching: Sendable {
            case nothing
            case receipt
            case proof
            /// The notifier could not; it is not asked again.
            case refused
        }

        let submission: Submission
        let submittedAt: MonotonicInstant
        /// From the moment when the primary's clock is known.
        var identity: JobIdentity?
        var phase = Phase.waiting
        /// Copies ever handed to ZeroMQ.
        var copies = 0
        /// The incarnation of the broker that the first copy went to.
        var firstIncarnation: [UInt8]?
        var fenceAsked = false
        /// A broker has met the id before: its hints are no proof.
        var duplicateMet = false
        /// A refusal that would be final if the caller gave up now.
        var finalHint: Refused?
        /// A refusal that no other copy fared better with: what a fence stands for if it says that nothing ran.
        var fenceReason: Refused?
        /// The last refusal, for messages.
        var lastProblem: String?
        var lastLink: LinkID?
        /// The epoch that the last copy carried.
        var lastEpoch: Epoch?
        /// How often in a row the job was handed back.
        var returns = 0
        var attempts = 0
        var isRunning = false
        var cancelFenceAt: MonotonicInstant?
        var nextCheck = MonotonicInstant.zero
        var lastNews = MonotonicInstant.zero
        var watching = Watching.nothing
        var progress = ProgressGate()
        /// The reply that was told as committed.
        var committed: Reply?

        var firstSentAt: MonotonicInstant?
        var lastSentAt: MonotonicInstant?
        var repliedAt: MonotonicInstant?
        var legs: [Leg: Duration] = [:]

        init(submission: Submission, submittedAt: MonotonicInstant) {
            self.submission = submission
            self.submittedAt = submittedAt
        }

        /// The broker that holds the job, or should.
        var holder: LinkID? {
            switch self.phase {
            case .sent(let link, _), .held(let link): link
            case .waiting, .orphaned, .fencing, .proving: nil
            }
        }

        var isRegionJob: Bool { self.submission.regionCall != nil }

        /// Where it waits to be sent.
        var lane: Lane {
            self.submission.regionCall.map { .region($0.region) } ?? .primary
        }

        func isOrphan(of link: LinkID) -> Bool {
            if case .orphaned = self.phase { self.lastLink == link } else { false }
        }

        /// When it wants attention.
        var wake: MonotonicInstant {
            switch self.phase {
            case .waiting, .proving: self.submission.deadline
            case .sent, .held: min(self.submission.deadline, self.nextCheck, self.cancelFenceAt ?? self.submission.deadline)
            case .orphaned(let until): min(self.submission.deadline, until)
            case .fencing(let fencing): min(fencing.nextTry, fencing.giveUpAt)
            }
        }

        /// Step 7: whether a refusal ends the job without a receipt.
        func isFinal(_ refusal: Refused) -> Bool {
            self.copies == 1 && !self.fenceAsked && !self.duplicateMet && refusal.neverDispatched
                && refusal.incarnation == self.firstIncarnation
        }

        /// How it ends by an outcome without effect. A fence that was asked for because of a refusal stands for that: nothing ran, and nothing
        /// will.
        func ending(by reply: Reply) -> Completion {
            guard [.cancelled, .expired].contains(reply.outcome), let reason = self.fenceReason else { return .settled(reply) }
            return .refused(reason)
        }

        /// Whether a receipt is this job's, or that of another job under the same id.
        func owns(_ receipt: Receipt) -> Bool {
            self.identity == receipt.job
        }

        func timings(now: MonotonicInstant) -> JobTimings {
            var timings = JobTimings()
            timings.total = now - self.submittedAt
            timings.waiting = self.firstSentAt.map { $0 - self.submittedAt }
            timings.brokerQueue = self.legs[.brokerQueue]
            timings.worker = self.legs[.worker]
            timings.workerLease = self.legs[.workerLease]
            timings.begin = self.legs[.begin]
            timings.handler = self.legs[.handler]
            timings.commit = self.legs[.commit]
            if let repliedAt = self.repliedAt {
                if let lastSentAt = self.lastSentAt, let worker = self.legs[.worker] {
                    timings.network = max(.zero, repliedAt - lastSentAt - worker - (self.legs[.brokerQueue] ?? .zero))
                }
                if !self.isRegionJob { timings.replayWait = now - repliedAt }
            }
            return timings
        }
    }
}
