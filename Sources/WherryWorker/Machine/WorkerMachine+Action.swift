package import WherryCore
package import WherryWire

extension WorkerMachine {
    /// What the shell must do.
    package enum Action: Hashable, Sendable {
        /// Open a socket to a broker.
        case connect(Int, endpoint: String)
        /// Look a host name up, and say `resolved`.
        case resolve(BrokerDirectory.Query)
        /// Close that socket; nothing that is still in it is worth sending.
        case disconnect(Int)
        /// The socket is open. What cannot be sent now is dropped: the protocol heals itself.
        case send(Message, to: Int)
        /// Run the job in a transaction, on a primary of its epoch only.
        case run(Request, receivedAt: MonotonicInstant)
        /// Stop the handler of a job that runs, as soon as may be: its caller gave it up.
        case cancel(JobID)
        /// Put a receipt in place that keeps late copies from committing.
        case fence(Fence, receivedAt: MonotonicInstant)
        /// Ask the primary how far it has flushed.
        case readPosition(Epoch)
        /// Find out whether the database is a primary, of which epoch, and what its clock says.
        case checkPrimary
        /// Say `pulsed` from the threads that handlers run on, to see that they still turn.
        case pulse
        /// Cancel these jobs: the time to finish them is over, and they were handed back.
        case abandon([JobID])
        case log(Note)
        /// All links are closed, nothing is held: the worker may end.
        case end(Ending)
    }

    /// Why a worker ended.
    package enum Ending: Hashable, Sendable {
        case drained
        /// Its database was a standby when it started: a configuration that calls a standby the primary.
        case startedOnStandby
        /// Its database was of no use when it started, and will not be unless somebody does something.
        case startedOnUnusable(String)
    }

    /// What is worth a line in the log; each is said once when it comes about, not at every repetition.
    package enum Note: Hashable, Sendable {
        case brokerFound(link: Int)
        case brokerSilent(link: Int)
        case brokerLeft(link: Int)
        /// The broker will not talk to this worker.
        case brokerRefuses(link: Int, Disconnect)
        /// The broker sent what is no message.
        case brokerMisspoke(link: Int, WireError)
        case serving(Epoch)
        /// The database is a standby: region jobs only.
        case servingStandby
        /// The broker stands in another region, and so gives this worker no region jobs.
        case brokerElsewhere(link: Int, region: String)
        /// A broker's host name has no address that can be found. Once, until it has one again.
        case unresolved(host: String, reason: String)
        case primaryUnreachable(String)
        case primaryIsStandby
        /// Another worker's primary is of a newer epoch: this one's is left behind, and is served no more.
        case primaryIsStale(own: Epoch, newest: Epoch)
        /// Another worker's primary is a fork of this one's, or of another cluster: a broker's workers must share one primary.
        case primariesDiffer(own: Epoch, other: Epoch)
        case abandoned([JobID])
        /// Nothing has run for so long: handlers block all threads. Brokers hear nothing more of this worker.
        case stalled(for: Duration)
        /// Handlers run again.
        case recovered
    }
}
