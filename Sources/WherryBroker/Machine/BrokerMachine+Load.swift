extension BrokerMachine {
    /// How much a broker holds.
    package struct Load: Hashable, Sendable {
        package var clients: Int
        package var workers: Int
        package var queuedJobs: Int
        package var queuedBytes: Int
        package var dispatchedJobs: Int
        package var heldBytes: Int
        package var questions: Int
        /// Those who were told lately that they are unknown.
        package var strangers: Int
    }
}
