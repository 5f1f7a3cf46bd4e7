import Foundation
import Logging
import WherryCore
public import WherryJobs
public import WherryPostgres
import WherryWire

extension Handlers {
    /// Rollback mode: runs a job's handler in a transaction on a real database, tells what it returned and would have changed, and undoes it.
    ///
    /// ```swift
    /// let rehearsal = try await handlers.rehearse(CreateItems(ids: [1, 2]), on: PostgresConfiguration(TestDatabase.current.primary.url))
    /// #expect(rehearsal.output == 2)
    /// #expect(rehearsal.changes == [.init("public.items", inserted: 2)])
    /// ```
    ///
    /// Deferred constraints are checked as at `COMMIT`. What a transaction does not undo is not undone here: sequences, other connections.
    ///
    /// - Parameters:
    ///   - job: the job, that is its arguments; encoded and decoded as on the wire.
    ///   - database: the database to try it on; the schema `wherry` is not needed.
    ///   - inspect: looks at what the handler has done, in its transaction, before that is undone.
    /// - Returns: output and changes.
    /// - Throws: `JobError` as the job's caller would get it if the handler throws or leaves a failed statement behind, and
    ///   `unknownJob` if there is no handler; `PostgresError` if the database cannot be reached; what `inspect` throws.
    public func rehearse<J: Job>(
        _ job: J, on database: PostgresConfiguration, inspect: (Transaction) async throws -> Void = { _ in }
    ) async throws -> Rehearsal<J.Output> {
        guard let handler = self.handler(name: J.name, version: J.version) else {
            let message = "there is no handler for '\(J.name)' version \(J.version)"
            throw JobError(.unknownJob, message, jobName: J.name)
        }
        let body = try handler.prepare(JobCodec.encode(job))
        let logger = Logger(label: "wherry.rehearsal") { _ in SwiftLogNoOpLogHandler() }
        let connection = try await PostgresConnection.connect(database, logger: logger)
        do {
            let begin = "BEGIN ISOLATION LEVEL \(handler.options.isolation.rawValue) READ WRITE"
            _ = try await connection.query(SQL(unsafe: begin))
            let transaction = await Transaction(connection: connection)
            let context = JobContext(rehearsing: J.name, timeout: handler.options.timeout, logger: logger)
            let output = try await Self.output(J.self, of: body, in: transaction, context)
            let changes = try await transaction.query(Self.changes).map { try Rehearsal<J.Output>.Change($0) }
            try await inspect(transaction)
            await transaction.end()
            _ = await connection.perform(Flight("ROLLBACK"))
            await connection.close()
            return Rehearsal(output: output, changes: changes)
        } catch {
            // Closing ends the transaction too.
            await connection.close()
            throw error
        }
    }

    /// Runs the handler as a worker does, up to where it would commit.
    private static func output<J: Job>(
        _: J.Type, of body: @escaping Handler.Body, in transaction: Transaction, _ context: JobContext
    ) async throws -> J.Output {
        let output: [UInt8]
        do {
            output = try await body(transaction, context)
        } catch {
            let failure = HandlerFailure(thrown: error, maximumPayload: WireLimits().maximumPayloadSize)
            throw JobError(failure, jobName: J.name, cause: error)
        }
        if let error = await transaction.firstFailure, error.sqlState != nil {
            throw JobError(HandlerFailure(swallowed: error), jobName: J.name, cause: error)
        }
        do {
            try await transaction.execute("SET CONSTRAINTS ALL IMMEDIATE")
        } catch {
            throw JobError(HandlerFailure(atCommit: error), jobName: J.name, cause: error)
        }
        return try JobCodec.decode(J.Output.self, from: output)
    }

    /// The server's own count of what the current transaction did, of tables that are not the system's.
    private static let changes: SQL = """
        SELECT schemaname || '.' || relname AS name, n_tup_ins AS inserted, n_tup_upd AS updated, n_tup_del AS deleted
        FROM pg_catalog.pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY 1
        """
}

extension Rehearsal.Change {
    fileprivate init(_ row: Row) throws(PostgresError) {
        self.init(
            try row.decode("name", as: String.self),
            inserted: Int(try row.decode("inserted", as: Int64.self)),
            updated: Int(try row.decode("updated", as: Int64.self)),
            deleted: Int(try row.decode("deleted", as: Int64.self))
        )
    }
}

extension JobError {
    fileprivate init(_ failure: HandlerFailure, jobName: String, cause: any Error) {
        let content = JobError.Content(kind: .failure, contentType: JobCodec.contentType, bytes: failure.payload)
        self.init(.handlerFailed, failure.failure.message, jobName: jobName, cause: cause, content: content)
    }
}

extension JobContext {
    fileprivate init(rehearsing name: String, timeout: Duration, logger: Logger) {
        var random = SystemRandomNumberGenerator()
        let id = JobID(unixMilliseconds: Int64(Date().timeIntervalSince1970 * 1000), using: &random)
        self.init(
            id: id, name: name, attempts: 0, redelivered: false, deadline: ContinuousClock.now + timeout, region: "rehearsal",
            logger: logger)
    }
}
