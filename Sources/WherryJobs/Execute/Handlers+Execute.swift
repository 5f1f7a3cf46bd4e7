import WherryPostgres

extension Handlers {
    /// Adds the handler of `client.execute`, unless there is one already.
    ///
    /// - Parameter options: isolation level and limits of such statements.
    package mutating func offerExecute(options: HandlerOptions = HandlerOptions()) {
        guard self.handler(name: ExecuteStatement.name, version: ExecuteStatement.version) == nil else { return }
        self.handle(ExecuteStatement.self, options: options) { job, transaction in
            do throws(PostgresError) {
                // The transaction's own filter stands before it once more: whoever sent it need not be a client of ours.
                return try ExecutedStatement(try await transaction.perform(job.statement), returnsRows: job.returnsRows)
            } catch {
                throw JobFailure(StatementFailure(error), message: HandlerFailure.describe(error))
            }
        }
    }
}
