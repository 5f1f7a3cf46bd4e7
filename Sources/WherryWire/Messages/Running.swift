package import WherryCore

/// A job's handler starts.
package struct Running: Hashable, Sendable {
    package var id: JobID
    /// As in the request that it runs.
    package var attempts: Int

    package init(id: JobID, attempts: Int) {
        self.id = id
        self.attempts = attempts
    }
}
