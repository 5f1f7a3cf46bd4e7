package import WherryCore
package import WherryJobs
package import WherryWire

extension WorkerMachine {
    /// What happens to a worker.
    package enum Event: Hashable, Sendable {
        case started
        /// A broker said something on the link of this number. Never from a socket that an action closed before.
        case received(Message, from: Int)
        /// Something came on this link that is no message.
        case receivedNonsense(WireError, from: Int)
        /// A host name was looked up.
        case resolved(entry: Int, BrokerDirectory.Answer)
        /// The handler of a job that an action ran begins now.
        case handlerStarted(JobID)
        /// A running job reports its progress.
        case progressed(Partial)
        /// What `run` ended with.
        case finished(JobID, JobEnd)
        /// What `fence` ended with.
        case fenced(JobID, JobEnd)
        /// What `readPosition` found; `nil` if the primary could not be asked.
        case positionRead(CausalToken?)
        /// What `checkPrimary` found.
        case primaryChecked(PrimaryCheck)
        /// `pulse` was carried out.
        case pulsed
        /// The moment of `nextWakeUp` has come.
        case timePassed
        /// Stop taking jobs, let those that run finish, leave.
        case drainRequested
    }

    /// What a look at the database found.
    package enum PrimaryCheck: Hashable, Sendable {
        case primary(PrimaryStatus)
        /// The server answers, is in recovery, and knows of an epoch.
        case standby
        /// The server answers, but not to a worker: schema, privileges or credentials are not in order.
        case unusable(String)
        /// The server does not answer.
        case unreachable(String)
    }
}
