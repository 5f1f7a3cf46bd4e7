/// What the checker found.
package struct Verdict: Codable, Sendable {
    /// Calls that were made.
    package var submitted = 0
    /// Of these, those whose caller was told that the job committed.
    package var acknowledged = 0
    /// Receipts of committed jobs.
    package var committed = 0
    /// Acknowledged effects that a failover lost, as an asynchronous one may.
    package var lostByFailover = 0
    /// Calls that ended by an error, by its code.
    package var endings: [String: Int] = [:]
    /// Calls without an end in processes that the run killed.
    package var diedWithTheirProcess = 0
    /// Reads that were checked.
    package var reads = 0
    /// Reads that ended by an error, by its code.
    package var failedReads: [String: Int] = [:]
    /// From a call to its output, in milliseconds.
    package var p50Milliseconds = 0.0
    package var p99Milliseconds = 0.0
    /// The longest time in which no caller was given an output.
    package var longestStallMilliseconds = 0.0
    /// By how much a call ended later than its deadline, at the most. A process that was frozen has its time in the ice in it.
    package var longestOverrunMilliseconds = 0.0
    package var violations: [Violation] = []

    package init() {}

    /// How many violations there are of a kind.
    package func count(_ kind: Violation.Kind) -> Int {
        self.violations.count { $0.kind == kind }
    }
}
