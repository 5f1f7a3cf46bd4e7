/// Why an entry was not taken: travels home in the job's error.
package struct EntryRejected: Codable, Sendable, CustomStringConvertible {
    /// For the visitor.
    package var reason: String

    package init(reason: String) {
        self.reason = reason
    }

    package var description: String { self.reason }
}
