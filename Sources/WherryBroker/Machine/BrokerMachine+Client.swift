internal import WherryCore

extension BrokerMachine {
    /// A client that said HELLO.
    struct Client: Sendable {
        /// Those whose answers it waits for.
        var jobs: Set<JobID> = []
        var questions: Set<Question> = []
    }
}
