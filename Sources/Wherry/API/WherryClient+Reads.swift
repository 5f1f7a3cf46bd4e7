import WherryCore
import WherryJobs
public import WherryPostgres

extension WherryClient {
    /// Reads from the local server, in a transaction that the server keeps read-only.
    ///
    /// It sees at least every job of this process whose output has been awaited before: those waited until the replica here showed them.
    ///
    /// - Parameters:
    ///   - isolation: `repeatableRead` for several statements that see one state; by default each sees what is there when it begins.
    ///   - body: runs statements; what it returns is returned.
    /// - Throws: `PostgresError`, for example with SQLSTATE 25006 for an attempt to write; what the closure throws; ``JobError`` `clientClosed`
    ///   after the shutdown.
    public func read<Result>(isolation: IsolationLevel = .readCommitted, _ body: (Transaction) async throws -> Result) async throws
        -> Result
    {
        try self.requireDatabase()
        do {
            return try await self.pool.withTransaction(isolation: isolation, readOnly: true, body)
        } catch let error as PostgresError where error.code == .poolClosed {
            throw JobError(.clientClosed, "the client has been shut down", region: self.configuration.region, cause: error)
        }
    }
}
