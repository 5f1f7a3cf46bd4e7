internal import WherryCore
internal import WherryEventLoop

/// What a connection keeps for the transaction whose handle is in use: the machine, and the callers that wait for their turn.
struct OpenTransaction {
    let id: Transaction.ID
    private(set) var machine = TransactionMachine()
    private var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    private var lastWaiter = 0
    /// When its watch looks after it next.
    var watchTimer: LoopTimer?

    init(id: Transaction.ID) {
        self.id = id
    }

    /// A caller wants to use the transaction, and waits under the number that comes back if it has to.
    mutating func request(
        _ request: TransactionMachine.Request,
        from scope: TransactionMachine.Scope
    ) -> (decision: TransactionMachine.Decision, waiter: Int) {
        self.lastWaiter += 1
        return (self.machine.request(request, from: scope, waiter: self.lastWaiter), self.lastWaiter)
    }

    mutating func wait(as waiter: Int, _ continuation: CheckedContinuation<Void, Never>) {
        self.waiting[waiter] = continuation
    }

    mutating func cancel(waiter: Int) {
        self.machine.cancel(waiter: waiter)
        self.wake([waiter])
    }

    mutating func beginEnding(_ scope: TransactionMachine.Scope) -> Bool {
        self.machine.beginEnding(scope)
    }

    mutating func ended(_ scope: TransactionMachine.Scope, isUndone: Bool) {
        self.wake(self.machine.ended(scope, isUndone: isUndone))
    }

    /// Records what came of a flight.
    mutating func record(_ outcomes: [[StatementOutcome]], from origin: TransactionMachine.Origin) {
        guard origin.transaction == self.id else { return }
        for case let error? in outcomes.joined().lazy.map(\.error) { self.machine.failed(error, depth: origin.depth) }
    }

    /// The connection is gone, and the transaction with it. That is the transaction's failure, whether or not a statement was under way, and
    /// no savepoint undoes it: a handler that only hears of it at its next statement has not failed by its own doing (rule 23).
    mutating func lose(_ error: PostgresError) {
        guard !self.machine.isEnded else { return }
        self.machine.failed(error, depth: 0)
        self.end()
    }

    mutating func end() {
        self.wake(self.machine.end())
    }

    private mutating func wake(_ waiters: [Int]) {
        for waiter in waiters { self.waiting.removeValue(forKey: waiter)?.resume() }
    }
}
