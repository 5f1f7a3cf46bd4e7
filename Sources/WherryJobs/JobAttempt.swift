package import WherryCore
package import WherryPostgres
package import WherryWire

/// One copy of a write job, or one fence, in a worker: steps 3 and 4 of design.md's "life of a write job", as a machine.
///
/// ```
///            ┌───────────────────────── waiting ◀───────────────┐ retry, bounded
///            ▼                                                  │
/// idle ▶ leasing ─┬▶ opening ─▶ running ─┬▶ committing ─┬▶ ended│
///                 │      │ twin          │ throws       │ 23505 │
///                 │      ▼               ▼              ▼       │
///                 ├▶ lookingUp ◀────── storing ──▶ lookingUp ───┤
///                 └▶ storing (fence, poisoned, undecodable) ────┘
/// ```
///
/// A look-up that finds the job's idempotency key taken goes on to `storing`: a receipt of the job's own, that repeats the holder's.
///
/// Every answer is a receipt's. What is not known to be the job's own failure is the infrastructure's: the job runs again as redelivered, and
/// its next look-up, its advisory lock and the plain insert of the receipt keep it from taking effect twice (model/receipts.pml).
package struct JobAttempt: Sendable {
    /// What it waited for, and has come.
    package enum Event: Sendable {
        case leased
        case leaseFailed(PostgresError)
        case flown(JobFlight.Outcome)
        case handlerEnded(HandlerEnd)
        /// What `wherry.epochs` says on the server that connections lead to now.
        case epochEstablished(Epoch)
        case epochFailed(PostgresError)
        case waited
        /// The worker drains and its patience is over. Only while leasing, waiting or establishing; a handler's end says it by itself.
        case drained
    }

    /// What the shell does next, in order. One event follows each list that does not end the attempt.
    package enum Action: Sendable, Hashable {
        /// Get a connection, or fail at that time.
        case lease(until: MonotonicInstant)
        case fly(JobFlight)
        case runHandler
        /// Give the connection back; `discard` it if its state is not known.
        case giveBack(discard: Bool)
        case wait(Duration)
        /// Find out, on a connection of its own, which epoch the primary is in.
        case establishEpoch
        case end(JobEnd)
    }

    /// How a handler ended, with the first failure that its connection saw and that no savepoint took back.
    package struct HandlerEnd: Sendable {
        package enum Result: Sendable {
            /// It returned: its output, encoded.
            case returned([UInt8])
            case threw(HandlerFailure)
            /// It ran longer than its limit and was cancelled on the server, so its connection must be discarded.
            case timedOut
            /// It returned or threw after it had cancelled a statement of its own, which spends the connection (rule 27).
            case cancelledStatement
            /// The worker drains and its patience is over.
            case drained
            /// Its caller gave it up, or its deadline has come: it was cancelled on the server. That is no outcome; the caller's fence decides.
            case stopped(Refused.Code, String)
        }

        package var result: Result
        package var firstFailure: PostgresError?

        package init(_ result: Result, firstFailure: PostgresError? = nil) {
            self.result = result
            self.firstFailure = firstFailure
        }
    }

    /// The bounds of an attempt.
    package struct Limits: Sendable, Hashable {
        /// How often an attempt meets trouble of the infrastructure before it gives up with `unavailable`. Default: 5.
        package var maximumTries: Int
        /// The first wait after such trouble; it doubles. Default: 50 ms.
        package var backOff: Duration
        /// The longest such wait. Default: 2 s.
        package var maximumBackOff: Duration
        /// The first wait for a twin that holds the id's lock; it doubles. Default: 20 ms.
        package var twinBackOff: Duration
        /// The longest such wait. Default: 500 ms.
        package var maximumTwinBackOff: Duration
        /// How long it tries to get a connection for a receipt that it owes, even if the job's deadline is nearer. Default: 5 s.
        package var storePatience: Duration
        /// How many workers may die while they run a job before it is poisoned. Default: 5.
        package var poisonedAfter: Int

        package init(
            maximumTries: Int = 5, backOff: Duration = .milliseconds(50), maximumBackOff: Duration = .seconds(2),
            twinBackOff: Duration = .milliseconds(20), maximumTwinBackOff: Duration = .milliseconds(500),
            storePatience: Duration = .seconds(5), poisonedAfter: Int = 5
        ) {
            precondition(maximumTries >= 1 && poisonedAfter >= 1, "an attempt needs at least one try")
            self.maximumTries = maximumTries
            self.backOff = backOff
            self.maximumBackOff = maximumBackOff
            self.twinBackOff = twinBackOff
            self.maximumTwinBackOff = maximumTwinBackOff
            self.storePatience = storePatience
            self.poisonedAfter = poisonedAfter
        }
    }

    /// What it leases a connection for.
    enum Goal: Sendable, Hashable {
        case run
        case store(Receipt)
        /// The outcome is committed; only its position is not known yet.
        case answer
    }

    /// What it does once the transaction is rolled back.
    enum Afterwards: Sendable {
        case retry(Goal, PostgresError)
        /// Asks which epoch this is, then tries again if it is the job's.
        case establish(Goal)
        case end(JobEnd)
    }

    enum State: Sendable {
        case idle
        /// Waits for a connection.
        case leasing(Goal)
        /// `open` is under way.
        case opening
        /// The handler runs.
        case running(synchronousCommit: String)
        /// The receipt of the handler's success is under way, with its COMMIT.
        case committing(Receipt)
        /// A receipt in a transaction of its own is under way.
        case storing(Receipt)
        /// A look-up is under way; if it finds nothing, the goal is tried again. `twin`: because somebody holds the lock.
        case lookingUp(otherwise: Goal, twin: Bool)
        case rollingBack(then: Afterwards)
        /// Holds no connection and backs off.
        case waiting(Goal)
        /// Asks which epoch this is.
        case establishing(Goal)
        case ended
    }

    let job: JobIdentity
    let key: JobKey?
    /// Of the arguments, and so of the output: the handler's coding. Empty for a fence.
    let contentType: String
    let epoch: Epoch?
    let attempts: Int
    let goal: Goal
    let limits: Limits
    let receivedAt: MonotonicInstant
    let deadline: MonotonicInstant

    var state = State.idle
    /// Another copy may be out: look up before running.
    var redelivered: Bool
    var failures = 0
    var twinRounds = 0
    var random: SplitMix64
    /// When what is going on now began, for the timings.
    var legStart: MonotonicInstant
    var timings: [Leg: Duration] = [:]

    /// The run of a request whose arguments a handler could decode.
    ///
    /// - Parameters:
    ///   - receivedAt: when it came: the end of `request.remaining` is counted from here.
    ///   - undecodable: why the arguments do not decode, if they do not: the job fails without running.
    ///   - seed: of the jitter.
    package init(request: Request, receivedAt: MonotonicInstant, undecodable: String? = nil, limits: Limits = Limits(), seed: UInt64) {
        let goal: Goal
        if request.redelivered, request.attempts >= limits.poisonedAfter {
            let message = "\(request.attempts) workers died while running it: find out why before trying again"
            goal = .store(
                Receipt(
                    job: request.job, outcome: .poisoned, failure: Failure(code: Outcome.poisoned.rawValue, message: message),
                    attempts: request.attempts))
        } else if let undecodable {
            let failure = HandlerFailure(code: .undecodableArguments, message: undecodable)
            var receipt = failure.makeReceipt(job: request.job, attempts: request.attempts)
            receipt.claim = request.key
            goal = .store(receipt)
        } else {
            goal = .run
        }
        self.init(
            job: request.job, key: request.key, contentType: request.contentType, epoch: request.epoch, attempts: request.attempts,
            redelivered: request.redelivered, goal: goal,
            receivedAt: receivedAt, deadline: receivedAt + request.remaining, limits: limits, seed: seed)
    }

    /// A fence: a plain insert of a receipt of its kind.
    ///
    /// - Parameter patience: after which it gives up; its client has given up then too.
    package init(fence: Fence, receivedAt: MonotonicInstant, patience: Duration, limits: Limits = Limits(), seed: UInt64) {
        self.init(
            job: fence.job, key: nil, contentType: "", epoch: fence.epoch, attempts: 0, redelivered: true,
            goal: .store(Receipt(fence: fence)),
            receivedAt: receivedAt, deadline: receivedAt + patience, limits: limits, seed: seed)
    }

    private init(
        job: JobIdentity, key: JobKey?, contentType: String, epoch: Epoch?, attempts: Int, redelivered: Bool, goal: Goal,
        receivedAt: MonotonicInstant, deadline: MonotonicInstant, limits: Limits, seed: UInt64
    ) {
        self.job = job
        self.key = key
        self.contentType = contentType
        self.epoch = epoch
        self.attempts = attempts
        self.redelivered = redelivered
        self.goal = goal
        self.receivedAt = receivedAt
        self.deadline = deadline
        self.limits = limits
        self.random = SplitMix64(seed: seed)
        self.legStart = receivedAt
    }
}
