package import WherryCore

/// Everything that crosses a ZeroMQ socket. `docs/wire-protocol.md` says who sends what when; this is the same in Swift.
package enum Message: Hashable, Sendable {
    /// Client or worker → broker: who I am. Sent first, again after a DISCONNECT, and by a client whenever it wants to know which of its jobs
    /// the broker still holds.
    case hello(Hello)
    /// Broker → client or worker: the answer to HELLO; also unasked, to clients, when what it says has changed.
    case welcome(Welcome)
    /// Worker → broker: how many jobs I am willing to hold at once. Absolute; 0 while draining.
    case credit(Int)
    /// Client → broker → worker: run this job.
    case request(Request)
    /// Broker → client: I hold your job.
    case queued(Queued)
    /// Worker → broker → client: its handler starts now.
    case running(Running)
    /// Broker or worker → client: this copy was not run, and why. A hint, never an outcome (design.md, step 7).
    case refused(Refused)
    /// Worker → broker → client: progress of a running job.
    case partial(Partial)
    /// Worker → broker → client: what became of the job. Matched by id.
    case reply(Reply)
    /// Client → broker → worker: drop the job if it still waits, stop its handler if it runs; then REFUSED `cancelled` comes. A hint: only a
    /// fence keeps other copies from committing.
    case cancel(JobID)
    /// Client → broker → worker: put a receipt in place that keeps every late copy of this job from committing.
    case fence(Fence)
    /// Worker → broker → client: the answer to FENCE, with the receipt that stands now, whoever wrote it.
    case outcome(Reply)
    /// Client → broker → worker: how far is the primary? (For reads with consistency `.global`.)
    case positionRequest(PositionRequest)
    /// Worker → broker → client: the primary's flushed position.
    case position(Position)
    /// Either way, when nothing else was sent for a while.
    case heartbeat(Heartbeat)
    /// Either way: I am leaving, or I do not know you; send HELLO.
    case disconnect(Disconnect)
    /// Client → broker: what do you hold? For operators.
    case statusRequest(StatusRequest)
    /// Broker → client: what I hold.
    case status(BrokerStatus)
}
