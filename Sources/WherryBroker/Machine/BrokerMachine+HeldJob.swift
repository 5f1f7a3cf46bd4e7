internal import WherryCore
internal import WherryWire

extension BrokerMachine {
    /// A job that waits or that a worker holds.
    struct HeldJob: Sendable {
        enum Place: Hashable, Sendable {
            case queue
            case worker(Int)
        }

        /// `nil` if it is known only from a worker's HELLO.
        var request: Request?
        var deadline: MonotonicInstant
        var arrival: MonotonicInstant
        /// Who waits for its answer, by number, the first comer first.
        var clients: [Int]
        var place: Place
        /// Its place in the queue, if it has ever been there.
        var turn: FairQueue.Turn?
        /// No copy of it was ever given to a worker here, nor met before.
        var isFresh: Bool
        /// The worker that holds it has said RUNNING.
        var isRunning = false
        /// Counts dispatches, so that the jobs of a dead worker keep their order.
        var dispatch: UInt64 = 0
        /// From its arrival to its first dispatch.
        var queueTime: Duration?

        var size: Int { self.request?.size ?? 0 }
    }
}
