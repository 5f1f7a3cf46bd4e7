/// A promise that was not kept.
package struct Violation: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Sendable {
        /// An effect that was acknowledged is missing, although no failover lost it.
        case lost
        /// An effect is there twice, or although its caller was told that it would never be.
        case doubled
        /// A read did not show what it had to.
        case staleRead
        /// A call had no end, in a process that came to its own.
        case neverEnded
        /// What a caller was told is not what the receipt says, or two things that were told exclude each other.
        case contradicted
    }

    package var kind: Kind
    /// The job, if it has one.
    package var job: String?
    /// The process whose log tells of it; `nil` if it is seen in the database alone.
    package var process: String?
    /// What is wrong, with what was told and what was found.
    package var what: String

    package init(_ kind: Kind, job: String? = nil, process: String? = nil, _ what: String) {
        self.kind = kind
        self.job = job
        self.process = process
        self.what = what
    }
}
