internal import WherryCore
internal import WherryWire

extension BrokerMachine {
    /// A worker that said HELLO.
    struct Worker: Sendable {
        var region: String
        var capacity: Int
        var primary: PrimaryStatus?
        var held: Set<JobID> = []
        var questions: Set<Question> = []
        /// It handed a job back: nothing more until it grants credit again.
        var isPaused = false
        var lastServed: UInt64 = 0
    }
}
