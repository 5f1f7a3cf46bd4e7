extension SQL {
    /// Refuses what cannot be sent, or would leave or weaken the transaction that it runs in (correctness.md, rule 26): what a transaction says
    /// before it sends a statement, for whoever hands it on to one far away.
    ///
    /// - Throws: ``PostgresError/Code/transactionControl``, ``PostgresError/Code/unsupportedStatement``, ``PostgresError/Code/encoding``,
    ///   ``PostgresError/Code/limitExceeded``.
    package func checkFitsTransaction() throws(PostgresError) {
        try StatementFilter.checkKeepsTransaction(self)
        try self.checkSendable()
    }

    /// Refuses what cannot be sent at all.
    func checkSendable() throws(PostgresError) {
        try StatementFilter.checkSupported(self)
        if self.text.utf8.contains(0) { throw PostgresError(.encoding, "a statement with a zero byte in it, which PostgreSQL cannot read") }
        guard self.binds.count <= PostgresLimits.maximumParameters else {
            throw PostgresError(
                .limitExceeded,
                "a statement with \(self.binds.count) parameters; at most \(PostgresLimits.maximumParameters) are possible",
                hint: "Send arrays, and unnest them."
            )
        }
        var size = self.text.utf8.count
        for (index, bind) in self.binds.enumerated() {
            if case .invalid(let reason) = bind.payload {
                throw PostgresError(.encoding, "parameter $\(index + 1) cannot be sent: \(reason)")
            }
            size += bind.byteCount
        }
        guard size <= PostgresLimits.maximumStatementBytes else {
            throw PostgresError(.limitExceeded, "a statement of \(size) bytes; at most \(PostgresLimits.maximumStatementBytes) are allowed")
        }
    }
}
