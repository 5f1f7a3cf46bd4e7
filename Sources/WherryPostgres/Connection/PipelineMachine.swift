internal import DequeModule

/// The bookkeeping of a pipeline: which answer belongs to which statement of which flight. A pure value.
///
/// The server answers in order. A statement is one step, or two where it is prepared first; each segment ends with a Sync, which is a step too.
struct PipelineMachine {
    /// What to send, in order.
    enum Command {
        case prepare(StatementCache.Name, SQL)
        case execute(StatementCache.Name, SQL)
        case run(SQL)
        case sync
    }

    /// An answer of the server's to a step.
    enum Answer {
        case result(QueryResult)
        case failed(PostgresError)
        /// Skipped: an earlier step of the segment failed.
        case aborted
    }

    private enum Step {
        case prepare(StatementCache.Name)
        case execute
        case sync
    }

    private struct Progress {
        /// How many statements each segment has.
        var counts: [Int]
        var finished: [[StatementOutcome]] = []
        /// The outcomes of the segment that is being answered.
        var current: [StatementOutcome] = []
        /// The connection's own business, which nobody waits for.
        var isHousekeeping: Bool
    }

    private(set) var cache: StatementCache
    private var steps = Deque<Step>()
    private var flights = Deque<Progress>()
    private var segments: UInt64 = 0
    /// The answer to the first step, until its end comes.
    private var answer: Answer?
    /// Why the statement whose turn is next could not be prepared.
    private var prepareFailure: PostgresError?

    init(cache: StatementCache = StatementCache()) {
        self.cache = cache
    }

    /// Whether every step was answered.
    var isIdle: Bool {
        self.steps.isEmpty
    }

    // MARK: Events

    /// A flight is to be sent.
    mutating func submit(_ flight: Flight) -> [Command] {
        self.enqueue(flight, isHousekeeping: false)
    }

    /// Nothing is under way, and no transaction is open: what the connection has to do for itself.
    mutating func housekeeping() -> [Command] {
        guard self.isIdle else { return [] }
        let doomed = self.cache.takeDoomed()
        if doomed.isEmpty { return [] }
        return self.enqueue(Flight(doomed.map { [SQL(unsafe: "DEALLOCATE \($0)")] }), isHousekeeping: true)
    }

    /// A statement that does nothing, whose answer nobody waits for: it may well fail in a transaction that has.
    mutating func touch() -> [Command] {
        self.enqueue(Flight("SELECT"), isHousekeeping: true)
    }

    /// An answer to the first step.
    mutating func answered(_ answer: Answer) {
        if case .failed(let error) = answer, error.isStalePlan { self.cache.dropAll() }
        if case .sync? = self.steps.first {
            // What failed is the commit that a Sync makes of statements outside a transaction, for example by a deferred constraint.
            if case .failed(let error) = answer { self.failSegment(error) }
            return
        }
        self.answer = answer
    }

    /// The first step's answer is complete. Nothing comes of it if there was none: libpq says so once more here and there.
    mutating func answerEnded() {
        guard let answer = self.answer, let step = self.steps.first else { return }
        self.answer = nil
        switch step {
        case .prepare(let name):
            self.steps.removeFirst()
            switch answer {
            case .result: self.cache.prepared(name)
            case .failed(let error):
                self.prepareFailure = error
                self.cache.notPrepared(name)
            case .aborted: self.cache.notPrepared(name)
            }
        case .execute:
            self.steps.removeFirst()
            let failure = self.prepareFailure
            self.prepareFailure = nil
            let outcome: StatementOutcome =
                switch answer {
                case .result(let result): .result(result)
                case .failed(let error): .failed(error)
                case .aborted: failure.map { .failed($0) } ?? .skipped
                }
            self.flights[0].current.append(outcome)
        case .sync:
            break
        }
    }

    /// A Sync was answered.
    ///
    /// - Returns: the outcomes of the flight that is complete with it, if one is, and somebody waits for it.
    mutating func synced() -> [[StatementOutcome]]? {
        guard case .sync? = self.steps.popFirst(), !self.flights.isEmpty else { return nil }
        let current = self.flights[0].current
        self.flights[0].finished.append(current)
        self.flights[0].current.removeAll()
        guard self.flights[0].finished.count == self.flights[0].counts.count else { return nil }
        let flight = self.flights.removeFirst()
        return flight.isHousekeeping ? nil : flight.finished
    }

    /// The connection died.
    ///
    /// - Returns: the outcomes of every flight that somebody waits for, oldest first.
    mutating func lost(_ error: PostgresError) -> [[[StatementOutcome]]] {
        // A statement whose answer was cut off between its error and the end of it has failed all the same.
        if case .failed? = self.answer { self.answerEnded() }
        defer {
            self.steps.removeAll()
            self.flights.removeAll()
        }
        return self.flights.filter { !$0.isHousekeeping }.map { flight in
            let begun = flight.finished.count
            var outcomes = flight.finished
            if begun < flight.counts.count { outcomes.append(Self.settle(flight.current, count: flight.counts[begun], lost: error)) }
            for count in flight.counts.dropFirst(begun + 1) { outcomes.append(Array(repeating: .lost(error), count: count)) }
            return outcomes
        }
    }

    // MARK: Inside

    private mutating func enqueue(_ flight: Flight, isHousekeeping: Bool) -> [Command] {
        var commands: [Command] = []
        for segment in flight.segments {
            self.segments += 1
            for sql in segment {
                switch isHousekeeping ? .unnamed : self.cache.way(for: sql, in: self.segments) {
                case .ready(let name):
                    commands.append(.execute(name, sql))
                case .prepare(let name):
                    commands.append(.prepare(name, sql))
                    self.steps.append(.prepare(name))
                    commands.append(.execute(name, sql))
                case .unnamed:
                    commands.append(.run(sql))
                }
                self.steps.append(.execute)
            }
            commands.append(.sync)
            self.steps.append(.sync)
        }
        self.flights.append(Progress(counts: flight.segments.map(\.count), isHousekeeping: isHousekeeping))
        return commands
    }

    private mutating func failSegment(_ error: PostgresError) {
        self.flights[0].current = self.flights[0].current.map { outcome in
            if case .result = outcome { .failed(error) } else { outcome }
        }
    }

    /// What is known of a segment whose Sync never came: a result proves something only if the answer to a `COMMIT` or `ROLLBACK` came at or
    /// after it; otherwise the transaction that it was part of, an implicit one perhaps, may have gone either way.
    private static func settle(_ current: [StatementOutcome], count: Int, lost error: PostgresError) -> [StatementOutcome] {
        let proven = current.lastIndex { $0.result.map { ["COMMIT", "ROLLBACK"].contains($0.commandTag) } ?? false }
        var outcomes = current
        for index in current.indices where index > proven ?? -1 {
            if case .result = current[index] { outcomes[index] = .lost(error) }
        }
        let hasFailed = current.contains { if case .failed = $0 { true } else { false } }
        while outcomes.count < count { outcomes.append(hasFailed ? .skipped : .lost(error)) }
        return outcomes
    }
}
