package import WherryCore

/// What a job is, for a receipt: another copy that differs in any of it is another job under the same id, and gets `idConflict`.
package struct JobIdentity: Hashable, Sendable {
    package var id: JobID
    /// The job's registered name, 1 to 200 UTF-8 bytes.
    package var name: String
    /// The job's version, from 1.
    package var version: Int
    /// SHA-256 of the argument bytes as sent: 32 bytes.
    package var digest: [UInt8]
    /// Whose job it is. The broker sets it from the sender's key; without keys it is `default`.
    package var scope: String

    package init(id: JobID, name: String, version: Int, digest: [UInt8], scope: String) {
        self.id = id
        self.name = name
        self.version = version
        self.digest = digest
        self.scope = scope
    }
}
