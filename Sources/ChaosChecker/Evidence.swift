/// What the checker judges by: the callers' own logs, and what stands in PostgreSQL.
package struct Evidence: Sendable {
    package var logs: [ProcessLog]
    package var contents: DatabaseContents
    /// Outcomes of receipts that stood on a server whose history was given up in a failover, and not on the one that took over, by job.
    package var forked: [String: Set<String>]
    /// What every account had in the beginning.
    package var initialBalance: Int

    package init(logs: [ProcessLog], contents: DatabaseContents, forked: [String: Set<String>] = [:], initialBalance: Int) {
        self.logs = logs
        self.contents = contents
        self.forked = forked
        self.initialBalance = initialBalance
    }
}
