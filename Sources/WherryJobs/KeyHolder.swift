package import WherryPostgres
package import WherryWire

/// The job that took an idempotency key: a row of `wherry.keys`, and its receipt.
///
/// A row comes with the receipt of a job that committed or failed, in one transaction, and goes when that receipt is past retention.
package struct KeyHolder: Sendable, Hashable {
    package var jobName: String
    package var fingerprint: [UInt8]
    package var receipt: Receipt

    package init(jobName: String, fingerprint: [UInt8], receipt: Receipt) {
        self.jobName = jobName
        self.fingerprint = fingerprint
        self.receipt = receipt
    }

    /// The receipt of another job that was sent under the key: what the holder's says, if it is the same piece of work; otherwise the failure
    /// that says that it is not. It is that job's own, and takes no key.
    package func receipt(for job: JobIdentity, under key: JobKey, attempts: Int) -> Receipt {
        if self.jobName == job.name, self.fingerprint == key.fingerprint {
            var receipt = self.receipt
            receipt.job = job
            receipt.attempts = attempts
            return receipt
        }
        let difference = self.jobName == job.name ? "with other arguments" : "a job '\(self.jobName)'"
        let message = """
            the key '\(key.text)' was taken by another job, \(difference) (its id is \(self.receipt.id)): \
            '\(job.name)' was not run; use a key of its own
            """
        return HandlerFailure(code: .keyConflict, message: message).makeReceipt(job: job, attempts: attempts)
    }
}

extension KeyHolder {
    /// One row if the key is taken.
    package static func check(_ key: JobKey, scope: String) -> SQL {
        "SELECT true FROM wherry.keys WHERE scope = \(scope)::text AND key = \(key.text)::text"
    }

    /// Reads who has taken a key, with the receipt; no row if nobody has.
    ///
    /// The id comes from a subquery of its own, so that the planner can prune the receipts' partitions by it.
    package static func lookUp(_ key: JobKey, scope: String) -> SQL {
        """
        SELECT k.job_name AS key_job_name, k.fingerprint AS key_fingerprint, r.id, r.outcome, r.job_name, r.job_version, r.digest, r.scope, \
        r.content_type, r.payload, r.failure_code, r.failure_message, r.attempts \
        FROM wherry.keys k JOIN wherry.receipts r ON r.id = k.id \
        WHERE k.scope = \(scope)::text AND k.key = \(key.text)::text \
        AND r.id = (SELECT i.id FROM wherry.keys i WHERE i.scope = \(scope)::text AND i.key = \(key.text)::text)
        """
    }

    /// Reads a row of ``lookUp(_:scope:)``.
    package init(row: Row) throws(PostgresError) {
        self.init(
            jobName: try row.decode("key_job_name", as: String.self), fingerprint: try row.decode("key_fingerprint", as: [UInt8].self),
            receipt: try Receipt(row: row))
    }
}

extension Receipt {
    /// Takes the key for the job: a plain insert that raises 23505 if another one has it. `nil` for a receipt that takes none.
    package var insertOfClaim: SQL? {
        guard let claim else { return nil }
        return """
            INSERT INTO wherry.keys (scope, key, job_name, fingerprint, id, outcome) VALUES (\(self.job.scope)::text, \(claim.text)::text, \
            \(self.job.name)::text, \(claim.fingerprint), \(self.id), \(self.outcome.rawValue)::text)
            """
    }
}
