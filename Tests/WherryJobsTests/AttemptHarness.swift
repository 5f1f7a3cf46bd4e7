import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

/// Drives a ``JobAttempt`` by hand: takes its actions apart, keeps the time, and checks that connections are leased and given back in pairs.
struct AttemptHarness {
    var attempt: JobAttempt
    var now = MonotonicInstant(nanoseconds: 1_000_000_000)
    private(set) var actions: [JobAttempt.Action] = []
    private(set) var holdsConnection = false
    private(set) var discarded = 0
    private(set) var end: JobEnd?

    init(_ attempt: JobAttempt) {
        self.attempt = attempt
    }

    /// A run of the usual request.
    init(_ request: Request = .sample(), undecodable: String? = nil, limits: JobAttempt.Limits = JobAttempt.Limits()) {
        self.init(
            JobAttempt(
                request: request, receivedAt: MonotonicInstant(nanoseconds: 1_000_000_000), undecodable: undecodable, limits: limits,
                seed: 1))
    }

    @discardableResult
    mutating func start() -> [JobAttempt.Action] {
        self.take(self.attempt.start(now: self.now))
    }

    /// Feeds an event, a millisecond later.
    @discardableResult
    mutating func feed(_ event: JobAttempt.Event) -> [JobAttempt.Action] {
        self.now = self.now + .milliseconds(1)
        if case .leased = event { self.holdsConnection = true }
        return self.take(self.attempt.handle(event, now: self.now))
    }

    @discardableResult
    mutating func feed(failed step: JobFlight.Step, _ sqlState: SQLState, routine: String? = nil) -> [JobAttempt.Action] {
        self.feed(.flown(.failed(step, .server(sqlState, routine: routine))))
    }

    /// Up to the handler's start.
    mutating func startRunning() {
        self.start()
        self.feed(.leased)
        self.feed(.flown(.opened(.free)))
    }

    /// Up to COMMIT's flight.
    mutating func startCommitting() {
        self.startRunning()
        self.feed(.handlerEnded(.init(.returned(Array("1".utf8)))))
    }

    private mutating func take(_ actions: [JobAttempt.Action]) -> [JobAttempt.Action] {
        for action in actions {
            switch action {
            case .lease, .establishEpoch, .wait:
                precondition(!self.holdsConnection, "\(action) while holding a connection")
            case .fly, .runHandler:
                break
            case .giveBack(let discard):
                precondition(self.holdsConnection, "gives back what it does not hold")
                self.holdsConnection = false
                if discard { self.discarded += 1 }
            case .end(let end):
                precondition(!self.holdsConnection, "ends with a connection")
                self.end = end
            }
        }
        self.actions = actions
        return actions
    }

    var lastFlight: JobFlight? {
        if case .fly(let flight) = self.actions.last { flight } else { nil }
    }

    var reply: Reply? {
        if case .reply(let reply) = self.end { reply } else { nil }
    }

    var refused: Refused? {
        if case .refused(let refused) = self.end { refused } else { nil }
    }

    var isWaiting: Bool {
        if case .wait = self.actions.last { true } else { false }
    }

    var isLeasing: Bool {
        if case .lease = self.actions.last { true } else { false }
    }
}

extension Epoch {
    static let sample = Epoch(systemIdentifier: 7, timeline: 1, restoreCounter: 0, random: 42)
}

extension JobIdentity {
    static func sample(name: String = "items.create") -> JobIdentity {
        var generator = SplitMix64(seed: 3)
        let id = JobID(unixMilliseconds: 1_700_000_000_000, using: &generator)
        return JobIdentity(id: id, name: name, version: 1, digest: JobCodec.digest(Array("{}".utf8)), scope: "default")
    }
}

extension Request {
    static func sample(
        redelivered: Bool = false, attempts: Int = 0, epoch: Epoch? = .sample, remaining: Duration = .seconds(30), key: JobKey? = nil
    ) -> Request {
        Request(
            job: .sample(), contentType: JobCodec.contentType, remaining: remaining, redelivered: redelivered, attempts: attempts,
            epoch: epoch, key: key, arguments: Array("{}".utf8))
    }
}

extension Receipt {
    static func sample(_ outcome: Outcome = .committed, job: JobIdentity = .sample()) -> Receipt {
        Receipt(job: job, outcome: outcome, contentType: JobCodec.contentType, payload: Array("7".utf8))
    }
}

extension JobFlight.Opened {
    static let free = Self(hasReceipt: false, locked: true, synchronousCommit: "on")
    static let twin = Self(hasReceipt: false, locked: false, synchronousCommit: "on")
    static let done = Self(hasReceipt: true, locked: false, synchronousCommit: "")
}

extension PostgresError {
    static func server(_ sqlState: SQLState, routine: String? = nil) -> PostgresError {
        var error = PostgresError(.server, "as the test wants it")
        error.sqlState = sqlState
        error.routine = routine
        return error
    }

    static let lost = PostgresError(.connectionLost, "as the test wants it")
}
