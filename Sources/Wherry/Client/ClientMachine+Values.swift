package import WherryCore
package import WherryWire

extension ClientMachine {
    /// A job as its caller hands it over, encoded.
    package struct Submission: Hashable, Sendable {
        package var name: String
        package var version: Int
        package var contentType: String
        package var arguments: [UInt8]
        /// SHA-256 of `arguments`.
        package var digest: [UInt8]
        package var traceContext: [String: String]
        /// Travels with every copy; the machine does not look at it.
        package var key: JobKey?
        package var deadline: MonotonicInstant
        /// Where it runs.
        package var target: Target

        package init(
            name: String,
            version: Int,
            contentType: String,
            arguments: [UInt8],
            digest: [UInt8],
            traceContext: [String: String] = [:],
            key: JobKey? = nil,
            deadline: MonotonicInstant,
            target: Target = .primary
        ) {
            self.name = name
            self.version = version
            self.contentType = contentType
            self.arguments = arguments
            self.digest = digest
            self.traceContext = traceContext
            self.key = key
            self.deadline = deadline
            self.target = target
        }

        /// What makes it a region job, if it is one.
        var regionCall: RegionCall? {
            if case .region(let call) = self.target { call } else { nil }
        }
    }

    /// Where a job runs.
    package enum Target: Hashable, Sendable {
        /// A write job: at the primary.
        case primary
        case region(RegionCall)
    }

    /// What a region job has besides what every job has.
    package struct RegionCall: Hashable, Sendable {
        /// The region that it runs in.
        package var region: String
        /// It may run more than once.
        package var isIdempotent: Bool
        /// What its reads must see at least.
        package var waitFor: CausalToken?
        /// The time by this machine's clock: for its id, where the primary's clock is not known.
        package var unixMilliseconds: Int64

        package init(region: String, isIdempotent: Bool, waitFor: CausalToken? = nil, unixMilliseconds: Int64) {
            self.region = region
            self.isIdempotent = isIdempotent
            self.waitFor = waitFor
            self.unixMilliseconds = unixMilliseconds
        }
    }

    /// How a handle ended.
    package enum Completion: Hashable, Sendable {
        /// Committed, and visible on the local server.
        case visible(Reply)
        /// Committed, but not seen here in time, or it never will be; the write stands.
        case notVisible(Reply, ReplayError)
        /// Any outcome but committed, by its receipt.
        case settled(Reply)
        /// Never run, and never will be.
        case refused(Refused)
        /// Never handed to ZeroMQ.
        case neverSent(wasCancelled: Bool, reason: String)
        /// A fence got no answer: not final.
        case undecided(reason: String)
        /// Not taken into the table.
        case rejected(Rejection)
        /// A region job returned.
        case answered(Reply)
        /// A region job ended without an answer that says what became of it.
        case regionJobEnded(RegionEnding)
    }

    /// Why a region job has no answer. Unlike a write job it may have run all the same: it has no receipt, and so no fence.
    package enum RegionEnding: Hashable, Sendable {
        /// Whoever held it died or forgot it.
        case lost(reason: String)
        case expired
        case cancelled
        /// Not run: what it was to wait for is of another history than the region's database, a newer one or one that excludes it.
        case foreignToken(CausalToken, found: Epoch, message: String)
    }

    /// Why this client did not take, or keep, a job.
    package enum Rejection: Hashable, Sendable {
        /// `maximumPendingJobs` are pending.
        case overloaded(limit: Int)
        /// The arguments have more than `maximumArgumentBytes`.
        case tooLarge(limit: Int)
        /// The client is shut down.
        case closed
        /// No broker of that region is configured.
        case unknownRegion(String, known: [String])
        /// Jobs run in this process, and its database cannot be used for that.
        case unusable(reason: String)
    }

    /// What is worth a line in the log.
    package enum Note: Hashable, Sendable {
        case linkReady(LinkID)
        case linkLost(LinkID, reason: String)
        /// A broker or worker spoke of a fork of the known history, or of another system.
        case foreignEpoch(Epoch)
        /// A broker sent a message that a client should not get.
        case unexpected(LinkID)
        /// Two different outcomes of one id in one epoch: a fault in the ledger.
        case contradiction(JobID)
        /// No worker has a handler for jobs of that name; they wait for one until their deadlines. Once for each name.
        case unoffered(name: String, reason: String)
        /// A broker's host name has no address that can be found. Once, until it has one again.
        case unresolved(host: String, reason: String)
    }

    /// Where queued jobs wait to go.
    enum Lane: Hashable, Comparable, Sendable {
        /// Write jobs.
        case primary
        /// Region jobs.
        case region(String)
    }

    /// Jobs that wait to be sent.
    struct SendQueues: Sendable {
        /// First sends, and copies that were handed back: free to go from that time on.
        var first = IndexedHeap<Handle, QueueKey>()
        /// Copies whose holder is dead or disowns them: from that time on, within the budget.
        var again = IndexedHeap<Handle, QueueKey>()
    }

    /// The primary's clock, as a broker told it, carried on by one's own.
    struct PrimaryClock: Sendable {
        var unixMilliseconds: Int64
        var at: MonotonicInstant

        func now(_ now: MonotonicInstant) -> Int64 {
            self.unixMilliseconds + (now - self.at).saturatedNanoseconds / 1_000_000
        }
    }

    /// Due time first, then the order of submission.
    struct QueueKey: Comparable, Sendable {
        var time: MonotonicInstant
        var handle: Handle

        static func < (left: QueueKey, right: QueueKey) -> Bool {
            left.time == right.time ? left.handle < right.handle : left.time < right.time
        }
    }
}

/// Where random bits come from: the system's generator, or a seeded one that can be repeated.
package enum RandomSource: RandomNumberGenerator, Sendable {
    case system
    case seeded(SplitMix64)

    package mutating func next() -> UInt64 {
        switch self {
        case .system:
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        case .seeded(var generator):
            defer { self = .seeded(generator) }
            return generator.next()
        }
    }
}
