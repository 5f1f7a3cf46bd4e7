package import WherryCore

/// The broker holds a job.
package struct Queued: Hashable, Sendable {
    package var id: JobID
    /// The broker that holds it.
    package var incarnation: [UInt8]
    /// The broker has met this id before, so its refusals of it are no longer proof that it was never dispatched.
    package var duplicate: Bool

    package init(id: JobID, incarnation: [UInt8], duplicate: Bool) {
        self.id = id
        self.incarnation = incarnation
        self.duplicate = duplicate
    }
}
