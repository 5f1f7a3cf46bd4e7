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
        package var deadline: MonotonicInstant

        package init(
            name: String,
            version: Int,
            contentType: String,
            arguments: [UInt8],
            digest: [UInt8],
            traceContext: [String: String] = [:],
            deadline: MonotonicInstant
        ) {
            self.name = name
            self.version = version
            self.contentType = contentType
            self.arguments = arguments
            self.digest = digest
            self.traceContext = traceContext
            self.deadline = deadline
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
    }

    /// Why this client did not take, or keep, a job.
    package enum Rejection: Hashable, Sendable {
        /// `maximumPendingJobs` are pending.
        case overloaded(limit: Int)
        /// The arguments have more than `maximumArgumentBytes`.
        case tooLarge(limit: Int)
        /// The client is shut down.
        case closed
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
