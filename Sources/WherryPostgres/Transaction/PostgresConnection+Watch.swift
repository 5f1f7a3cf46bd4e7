internal import WherryCore
internal import WherryEventLoop

extension PostgresConnection {
    /// Watches over the open transaction until its handle ends.
    func watch(_ id: Transaction.ID, _ watch: TransactionWatch) {
        let next = min(self.loop.now + watch.interval, watch.limit)
        let timer = self.loop.schedule(at: next) { [weak self] in self?.assumeIsolated { $0.look(after: id, watch) } }
        self.transaction?.watchTimer = timer
    }

    private func look(after id: Transaction.ID, _ watch: TransactionWatch) {
        guard self.transaction?.id == id else { return }
        // Whoever uses a handle whose connection is lost has its limit all the same.
        if self.loop.now >= watch.limit { return watch.onLimit() }
        switch self.transactionStatus {
        case .inTransaction, .failed: if self.isHealthy { self.touch() }
        // While a statement is under way, the transaction is not idle.
        case .active, .idle, .unknown: break
        }
        self.watch(id, watch)
    }
}
