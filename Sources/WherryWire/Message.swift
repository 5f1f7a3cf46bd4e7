package import WherryCore

/// Everything that crosses a ZeroMQ socket. `docs/wire-protocol.md` says who sends what when; this is the same in Swift.
package enum Message: Hashable, Sendable {
    /// Client or worker → broker: who I am. Sent first, again after a DISCONNECT, and by a client whenever it wants to know which of its jobs
    /// the broker still holds.
    case hello(Hello)
    /// Broker → client or worker: the answer to HELLO; also unasked, to clients, when what it says has changed.
    case welcome(Welcome)
    /// Worker → broker: how many jobs I am willing to hold at once. Absolute; 0 while draining.
    case credit(Int)
    /// Client → broker → worker: run this job.
    case request(Request)
    /// Broker → client: I hold your job.
    case queued(Queued)
    /// Worker → broker → client: its handler starts now.
    case running(Running)
    /// Broker or worker → client: this copy was not run, and why. A hint, never an outcome (design.md, step 7).
    case refused(Refused)
    /// Worker → broker → client: progress of a running job.
    case partial(Partial)
    /// Worker → broker → client: what became of the job. Matched by id.
    case reply(Reply)
    /// Client → broker: drop the job if it still waits in your queue.
    case cancel(JobID)
    /// Client → broker → worker: put a receipt in place that keeps every late copy of this job from committing.
    case fence(Fence)
    /// Worker → broker → client: the answer to FENCE, with the receipt that stands now, whoever wrote it.
    case outcome(Reply)
    /// Client → broker → worker: how far is the primary? (For reads with consistency `.global`.)
    case positionRequest(PositionRequest)
    /// Worker → broker → client: the primary's flushed position.
    case position(Position)
    /// Either way, when nothing else was sent for a while.
    case heartbeat(Heartbeat)
    /// Either way: I am leaving, or I do not know you; send HELLO.
    case disconnect(Disconnect)
}

/// What a job is, for a receipt: another copy that differs in any of it is another job under the same id, and gets `idConflict`.
package struct JobIdentity: Hashable, Sendable {
    package var id: JobID
    /// The job's registered name, 1 to 200 UTF-8 bytes.
    package var name: String
    /// The job's version, from 1.
    package var version: Int
    /// SHA-256 of the argument bytes as sent: 32 bytes.
    package var digest: [UInt8]
    /// Whose job it is. The broker sets it from the sender's key; without keys it is `default`.
    package var scope: String

    package init(id: JobID, name: String, version: Int, digest: [UInt8], scope: String) {
        self.id = id
        self.name = name
        self.version = version
        self.digest = digest
        self.scope = scope
    }
}

/// A job name with one version that workers have a handler for.
package struct Offer: Hashable, Sendable {
    package var name: String
    package var version: Int

    package init(name: String, version: Int) {
        self.name = name
        self.version = version
    }
}

/// What the primary's clock and history looked like to a worker a moment ago.
package struct PrimaryStatus: Hashable, Sendable {
    package var epoch: Epoch
    /// Milliseconds since 1970 by the primary's clock at the time of sending. A broker adds the time that it kept it.
    package var unixMilliseconds: Int64

    package init(epoch: Epoch, unixMilliseconds: Int64) {
        self.epoch = epoch
        self.unixMilliseconds = unixMilliseconds
    }
}

package struct Hello: Hashable, Sendable {
    package enum Role: Hashable, Sendable {
        /// `outstanding`: the jobs that the client believes this broker to hold.
        case client(outstanding: [JobID])
        /// `running`: the jobs that the worker still works on, for whichever broker; `capacity` as in CREDIT.
        case worker(offers: [Offer], running: [JobID], capacity: Int, primary: PrimaryStatus?)
    }

    package var role: Role
    /// Drawn anew by each process that starts: 16 bytes.
    package var incarnation: [UInt8]
    package var region: String

    package init(role: Role, incarnation: [UInt8], region: String) {
        self.role = role
        self.incarnation = incarnation
        self.region = region
    }
}

package struct Welcome: Hashable, Sendable {
    /// The broker's, drawn anew by each process that starts: 16 bytes. A refusal is bound to it.
    package var incarnation: [UInt8]
    package var region: String
    /// Of a client's `outstanding`, those that this broker does not hold.
    package var disowned: [JobID]
    /// What workers offer now, sorted by name and version.
    package var offers: [Offer]
    /// The newest that workers reported; `nil` before the first worker came.
    package var primary: PrimaryStatus?
    /// How often each side says something.
    package var heartbeatInterval: Duration
    /// The largest message that the broker takes, in bytes.
    package var maximumMessageSize: Int

    package init(
        incarnation: [UInt8], region: String, disowned: [JobID], offers: [Offer], primary: PrimaryStatus?, heartbeatInterval: Duration,
        maximumMessageSize: Int
    ) {
        self.incarnation = incarnation
        self.region = region
        self.disowned = disowned
        self.offers = offers
        self.primary = primary
        self.heartbeatInterval = heartbeatInterval
        self.maximumMessageSize = maximumMessageSize
    }
}

package struct Request: Hashable, Sendable {
    package var job: JobIdentity
    /// Of `arguments`, for example `application/json`.
    package var contentType: String
    /// Until the caller's deadline, counted from the moment of sending; each holder takes off the time that it kept the request.
    package var remaining: Duration
    /// Another copy of this job may be out: look its receipt up before running it.
    package var redelivered: Bool
    /// How many workers died while they ran this job.
    package var attempts: Int
    /// The newest epoch that the client knows. A worker serves the request only on a primary of this epoch.
    package var epoch: Epoch?
    /// W3C trace context: `traceparent`, `tracestate`.
    package var traceContext: [String: String]
    /// The payload: travels in a frame of its own that no broker reads.
    package var arguments: [UInt8]

    package init(
        job: JobIdentity, contentType: String, remaining: Duration, redelivered: Bool = false, attempts: Int = 0, epoch: Epoch?,
        traceContext: [String: String] = [:], arguments: [UInt8]
    ) {
        self.job = job
        self.contentType = contentType
        self.remaining = remaining
        self.redelivered = redelivered
        self.attempts = attempts
        self.epoch = epoch
        self.traceContext = traceContext
        self.arguments = arguments
    }
}

package struct Queued: Hashable, Sendable {
    package var id: JobID
    /// The broker that holds it.
    package var incarnation: [UInt8]
    /// The broker has met this id before, so its refusals of it are no longer proof that it was never dispatched.
    package var duplicate: Bool

    package init(id: JobID, incarnation: [UInt8], duplicate: Bool) {
        self.id = id
        self.incarnation = incarnation
        self.duplicate = duplicate
    }
}

package struct Running: Hashable, Sendable {
    package var id: JobID
    package var attempts: Int

    package init(id: JobID, attempts: Int) {
        self.id = id
        self.attempts = attempts
    }
}

package struct Refused: Hashable, Sendable {
    /// Why a copy was not run. `docs/wire-protocol.md` lists the codes with what to do.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// The broker's queue is full by count or bytes; `retryAfter` says when to come back.
        case overloaded
        /// No worker offers this name and version. `message` names the nearest known ones.
        case unknownJob = "unknown-job"
        /// Its deadline passed while it was queued.
        case expired
        /// The client asked to cancel it while it was queued.
        case cancelled
        /// Larger than the broker or worker takes.
        case tooLarge = "too-large"
        /// The request carries no epoch or another one than the worker's primary; `epoch` is the worker's. Nothing was run.
        case wrongEpoch = "wrong-epoch"
        /// A field is missing or out of range; `message` says which.
        case malformed
        /// The broker or worker shuts down and handed the job back.
        case drained
        /// The worker could not reach its database or ran out of attempts at it; nothing is known of an outcome.
        case unavailable
        /// The id's time lies too far in the future by the primary's clock.
        case clockSkew = "clock-skew"
        /// The id's time lies before what receipts are kept for, so nobody can tell its outcome any more.
        case outcomeNoLongerKnown = "outcome-no-longer-known"
        /// Another job, or another scope's, has this id.
        case idConflict = "id-conflict"
        /// Anything that this version does not know.
        case unrecognized
    }

    package var id: JobID
    package var code: Code
    /// For people; says what to do.
    package var message: String
    /// Whose refusal it is: the broker's incarnation that the job was sent to.
    package var incarnation: [UInt8]
    /// This copy was never given to a worker, nor was any other copy that this broker met.
    package var neverDispatched: Bool
    /// When to come back, for `overloaded`.
    package var retryAfter: Duration?
    /// The worker's, for `wrongEpoch`.
    package var epoch: Epoch?

    package init(
        id: JobID, code: Code, message: String, incarnation: [UInt8], neverDispatched: Bool, retryAfter: Duration? = nil,
        epoch: Epoch? = nil
    ) {
        self.id = id
        self.code = code
        self.message = message
        self.incarnation = incarnation
        self.neverDispatched = neverDispatched
        self.retryAfter = retryAfter
        self.epoch = epoch
    }
}

package struct Partial: Hashable, Sendable {
    package var id: JobID
    /// Counts up from 0 within one run of the job, so that late ones can be dropped.
    package var sequence: UInt64
    package var contentType: String
    /// In a frame of its own.
    package var payload: [UInt8]

    package init(id: JobID, sequence: UInt64, contentType: String, payload: [UInt8]) {
        self.id = id
        self.sequence = sequence
        self.contentType = contentType
        self.payload = payload
    }
}

/// What a receipt says. The first receipt of an id is its outcome, for ever.
public enum Outcome: String, Hashable, Sendable, CaseIterable, Codable {
    /// The handler returned and its transaction committed.
    case committed
    /// The handler threw, or a statement of it failed by its own doing; its transaction was rolled back.
    case failed
    /// Its caller gave up before it committed.
    case cancelled
    /// Its deadline passed before it committed.
    case expired
    /// Workers died while running it, too often.
    case poisoned
    /// It had committed, and an asynchronous failover lost it.
    case lost
}

/// Why a job failed: for people and programs, without the payload that a handler may have sent along.
package struct Failure: Hashable, Sendable {
    /// `handler-failed`, `undecodable-arguments`, `unknown-job`, `unencodable-result`, …
    package var code: String
    package var message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}

package struct Reply: Hashable, Sendable {
    package var id: JobID
    package var outcome: Outcome
    /// Where to look for the receipt. On a primary of this epoch the outcome's receipt is flushed at or before this position.
    package var token: CausalToken
    /// The outcome was read from a receipt that stood already, not made by this run.
    package var fromReceipt: Bool
    /// For every outcome but `committed`.
    package var failure: Failure?
    package var timings: [Leg: Duration]
    package var contentType: String
    /// The job's encoded output, or a failure's payload; in a frame of its own.
    package var payload: [UInt8]

    package init(
        id: JobID, outcome: Outcome, token: CausalToken, fromReceipt: Bool, failure: Failure? = nil, timings: [Leg: Duration] = [:],
        contentType: String, payload: [UInt8]
    ) {
        self.id = id
        self.outcome = outcome
        self.token = token
        self.fromReceipt = fromReceipt
        self.failure = failure
        self.timings = timings
        self.contentType = contentType
        self.payload = payload
    }
}

/// A leg of a job's way whose duration its holder measured by its own clock.
package enum Leg: String, Hashable, Sendable, CaseIterable {
    /// In the broker, from arrival to dispatch.
    case brokerQueue = "broker-queue"
    /// In the worker, until it had a connection.
    case workerLease = "worker-lease"
    /// BEGIN, lock and look-up.
    case begin
    /// The handler.
    case handler
    /// Receipt, COMMIT and the flush position.
    case commit
    /// From arrival at the worker to its reply, all of the above included.
    case worker
}

package struct Fence: Hashable, Sendable {
    package var job: JobIdentity
    /// `cancelled`, `expired`, `poisoned` or `lost`.
    package var kind: Outcome
    /// As in REQUEST.
    package var epoch: Epoch?

    package init(job: JobIdentity, kind: Outcome, epoch: Epoch?) {
        self.job = job
        self.kind = kind
        self.epoch = epoch
    }
}

package struct PositionRequest: Hashable, Sendable {
    /// The asker's number for this question.
    package var number: UInt64

    package init(number: UInt64) {
        self.number = number
    }
}

package struct Position: Hashable, Sendable {
    package var number: UInt64
    package var token: CausalToken

    package init(number: UInt64, token: CausalToken) {
        self.number = number
        self.token = token
    }
}

package struct Heartbeat: Hashable, Sendable {
    /// From workers and brokers.
    package var primary: PrimaryStatus?

    package init(primary: PrimaryStatus? = nil) {
        self.primary = primary
    }
}

package struct Disconnect: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// I am shutting down.
        case leaving
        /// You are not, or no longer, known to me: send HELLO.
        case unknownPeer = "unknown-peer"
        /// Your protocol version is not mine; `message` names those that I speak.
        case unsupportedVersion = "unsupported-version"
        /// What you sent makes no sense; `message` says why.
        case malformed
        /// A role, or a thing said in it, that you may not have.
        case denied
        case unrecognized
    }

    package var reason: Reason
    package var message: String

    package init(reason: Reason, message: String = "") {
        self.reason = reason
        self.message = message
    }
}
