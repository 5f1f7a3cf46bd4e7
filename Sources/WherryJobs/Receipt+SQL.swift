package import WherryCore
package import WherryPostgres
import WherryWire

extension Receipt {
    /// Reads the receipts of some jobs; those without one have no row. Runs on a standby too.
    ///
    /// The ids' range stands in it besides the ids themselves: an array parameter alone does not prune partitions.
    package static func lookUp(_ ids: [JobID]) -> SQL {
        """
        SELECT id, outcome, job_name, job_version, digest, scope, content_type, payload, failure_code, failure_message, attempts
        FROM wherry.receipts WHERE id = ANY (\(ids)) AND id BETWEEN \(ids.min()) AND \(ids.max())
        """
    }

    /// A plain insert that raises if anything is wrong: 23505 if the id has a receipt, `WH001` and `WH002` if the id is out of range
    /// (correctness.md, rule 28).
    package var insert: SQL {
        """
        INSERT INTO wherry.receipts \
        (id, outcome, job_name, job_version, digest, scope, content_type, payload, failure_code, failure_message, attempts) \
        VALUES (wherry.guarded(\(self.id)), \(self.outcome.rawValue)::text, \(self.job.name)::text, \(Int32(clamping: self.job.version)), \
        \(self.job.digest), \(self.job.scope)::text, \(self.contentType)::text, \(self.payload), \
        \(self.failure?.code)::text, \(self.failure?.message)::text, \(Int32(clamping: self.attempts)))
        """
    }

    /// Reads a row of ``lookUp(_:)``; throws if it is not one of ours, for example written by a newer version.
    package init(row: Row) throws(PostgresError) {
        let outcome = try row.decode("outcome", as: String.self)
        guard let known = Outcome(rawValue: outcome) else {
            throw PostgresError(.decoding, "the receipt's outcome is '\(outcome)', which this version of Wherry does not know: update it")
        }
        let code = try row.decode("failure_code", as: String?.self)
        let message = try row.decode("failure_message", as: String?.self)
        self.init(
            job: JobIdentity(
                id: try row.decode("id", as: JobID.self),
                name: try row.decode("job_name", as: String.self),
                version: Int(try row.decode("job_version", as: Int32.self)),
                digest: try row.decode("digest", as: [UInt8].self),
                scope: try row.decode("scope", as: String.self)),
            outcome: known,
            failure: code.map { Failure(code: $0, message: message ?? "") },
            contentType: try row.decode("content_type", as: String.self),
            payload: try row.decode("payload", as: [UInt8].self),
            attempts: Int(try row.decode("attempts", as: Int32.self)))
    }
}
