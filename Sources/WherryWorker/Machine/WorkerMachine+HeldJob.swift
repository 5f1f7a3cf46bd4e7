import WherryCore
import WherryWire

extension WorkerMachine {
    /// A job that this worker has taken.
    struct HeldJob: Sendable {
        enum Stage: Hashable, Sendable {
            /// For another job to finish. Can transition to: `started`, or it is refused.
            case waiting
            /// Given to the shell, which leases a connection first. Can transition to: `handling`.
            case started
            /// Its handler has begun.
            case handling
        }

        var request: Request
        /// The brokers that gave it to this worker, or were told in HELLO that it is here: each gets the answer.
        var links: [Int]
        var stage = Stage.waiting
        var arrival: MonotonicInstant

        /// When nobody waits for it any more, by the remaining time that it came with.
        var deadline: MonotonicInstant { self.arrival + self.request.remaining }
    }
}
