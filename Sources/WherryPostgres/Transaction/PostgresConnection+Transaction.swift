internal import Logging
internal import WherryCore
internal import WherryEventLoop

/// What a `Transaction` does on its connection. Turn and statement are one step of the actor, so the order of turns is the order on the wire.
extension PostgresConnection {
    func openTransaction(_ watch: TransactionWatch?) -> Transaction.ID {
        precondition(self.transaction?.machine.isEnded ?? true, "the transaction before has not ended")
        let id = Transaction.ID(number: (self.transaction?.id.number ?? 0) + 1)
        self.transaction = OpenTransaction(id: id)
        // It may have died since BEGIN was answered.
        if let ending = self.ending { self.transaction?.lose(ending) }
        if let watch { self.watch(id, watch) }
        return id
    }

    func firstFailure(of id: Transaction.ID) -> PostgresError? {
        self.transaction?.id == id ? self.transaction?.machine.firstFailure : nil
    }

    func endTransaction(_ id: Transaction.ID) -> PostgresError? {
        guard self.transaction?.id == id else { return nil }
        self.transaction?.end()
        self.transaction?.watchTimer?.cancel()
        return self.transaction?.machine.firstFailure
    }

    func perform(_ sql: SQL, in id: Transaction.ID, scope: TransactionMachine.Scope) async throws(PostgresError) -> QueryResult {
        let turn = try await self.turn(.statement, in: id, scope: scope)
        let result = try await self.query(sql, origin: TransactionMachine.Origin(transaction: id, depth: turn.depth))
        if Self.controlTags.contains(result.commandTag) {
            // The filter should have refused it.
            self.logger.error(
                "a statement in a transaction was transaction control after all",
                metadata: ["pg.tag": "\(result.commandTag)"]
            )
            let error = PostgresError(
                .transactionControl,
                "a statement ended with the tag \(result.commandTag): the transaction is not what it was"
            )
            self.transaction?.record([[.failed(error)]], from: TransactionMachine.Origin(transaction: id, depth: 0))
            throw error
        }
        return result
    }

    private static let controlTags: Set<String> = [
        "BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PREPARE TRANSACTION", "COMMIT PREPARED",
        "ROLLBACK PREPARED", "DEALLOCATE", "DEALLOCATE ALL", "DISCARD ALL", "DISCARD PLANS", "DISCARD SEQUENCES", "DISCARD TEMP",
    ]

    // MARK: Savepoints

    func openSavepoint(in id: Transaction.ID, scope: TransactionMachine.Scope) async throws(PostgresError) -> TransactionMachine.Scope {
        let turn = try await self.turn(.savepoint, in: id, scope: scope)
        let opened = turn.scope
        do {
            // A failure to make one is a failure of what lies around it.
            let origin = TransactionMachine.Origin(transaction: id, depth: turn.depth - 1)
            _ = try await self.query(SQL(unsafe: "SAVEPOINT \(opened.savepointName)"), origin: origin)
        } catch {
            self.change(id) { $0.ended(opened, isUndone: false) }
            throw error
        }
        return opened
    }

    func release(_ scope: TransactionMachine.Scope, in id: Transaction.ID) async throws(PostgresError) {
        if self.transaction?.id == id, let failure = self.transaction?.machine.failure(in: scope) {
            await self.rollBack(to: scope, in: id)
            throw failure
        }
        // A task that outlived the transaction must not send anything: another job's may be open by now.
        guard self.change(id, { $0.beginEnding(scope) }) == true else { throw Self.ended }
        let outcome = await self.perform(Flight(SQL(unsafe: "RELEASE SAVEPOINT \(scope.savepointName)")))[0][0]
        if case .result = outcome {
            self.change(id) { $0.ended(scope, isUndone: false) }
            return
        }
        // A statement of a task that outlived the closure failed in the meantime, or the connection is gone.
        let failure = self.change(id) { $0.machine.failure(in: scope) } ?? nil
        await self.rollBack(to: scope, in: id)
        throw failure ?? outcome.error ?? Self.ended
    }

    func rollBack(to scope: TransactionMachine.Scope, in id: Transaction.ID) async {
        guard self.change(id, { $0.beginEnding(scope) }) == true else { return }
        let name = scope.savepointName
        let outcomes = await self.perform(Flight(SQL(unsafe: "ROLLBACK TO SAVEPOINT \(name)"), SQL(unsafe: "RELEASE SAVEPOINT \(name)")))
        let error = outcomes[0][0].error
        self.change(id) { transaction in
            if let error { transaction.record([[.failed(error)]], from: TransactionMachine.Origin(transaction: id, depth: 0)) }
            transaction.ended(scope, isUndone: error == nil)
        }
    }

    /// Changes a transaction if it is still the connection's own.
    @discardableResult
    private func change<Result>(_ id: Transaction.ID, _ body: (inout OpenTransaction) -> Result) -> Result? {
        guard var transaction = self.transaction, transaction.id == id else { return nil }
        defer { self.transaction = transaction }
        return body(&transaction)
    }

    // MARK: Turns

    private static let ended = PostgresError(.transactionEnded, "the transaction's or savepoint's scope has ended")

    /// Waits until a caller may use the transaction. Whoever has been woken asks again, so that nothing can come between turn and statement.
    private func turn(
        _ request: TransactionMachine.Request,
        in id: Transaction.ID,
        scope: TransactionMachine.Scope
    ) async throws(PostgresError) -> (depth: Int, scope: TransactionMachine.Scope) {
        while true {
            if Task.isCancelled { throw PostgresError(.cancelled, "the task was cancelled before the statement was sent") }
            guard self.transaction?.id == id, let (decision, waiter) = self.transaction?.request(request, from: scope) else {
                throw Self.ended
            }
            if let ending = self.ending { throw ending }
            switch decision {
            case .proceed(let depth, let scope): return (depth, scope)
            case .refuse: throw Self.ended
            case .wait:
                await withTaskCancellationHandler {
                    await withCheckedContinuation { self.transaction?.wait(as: waiter, $0) }
                } onCancel: {
                    self.loop.execute { self.assumeIsolated { $0.transaction?.cancel(waiter: waiter) } }
                }
            }
        }
    }
}

extension TransactionMachine.Scope {
    fileprivate var savepointName: String { "wherry_\(self.number)" }
}
