internal import WherryCore
internal import WherryWire

extension BrokerMachine {
    /// Somebody who said HELLO.
    struct Peer: Sendable {
        /// What stays the same when a peer comes back on a new connection.
        struct Incarnation: Hashable, Sendable {
            var isWorker: Bool
            var bytes: [UInt8]
        }

        var id: PeerID
        var incarnation: Incarnation
        var lastHeard: MonotonicInstant
        var lastSent: MonotonicInstant
        /// Its misbehaviour was noted.
        var isNoted = false
    }

    struct Client: Sendable {
        /// Those whose answers it waits for.
        var jobs: Set<JobID> = []
        var questions: Set<Question> = []
    }

    struct Worker: Sendable {
        var capacity: Int
        var primary: PrimaryStatus?
        var held: Set<JobID> = []
        var questions: Set<Question> = []
        /// It handed a job back: nothing more until it grants credit again.
        var isPaused = false
        var lastServed: UInt64 = 0
    }

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

    /// What takes no credit: it goes to any worker that sees the newest primary.
    enum Question: Hashable, Sendable {
        case fence(JobID)
        /// By the broker's number.
        case position(UInt64)
    }

    struct HeldQuestion: Sendable {
        var message: Message
        /// Who asked, and the number that it gave its question.
        var askers: [(client: Int, number: UInt64)]
        /// Its place in the line of questions.
        var order: UInt64
        var worker: Int?
        var sentAt: MonotonicInstant?
    }

    /// What clients were told last of what is offered and of the primary's history.
    struct Announcement: Hashable, Sendable {
        var offers: [Offer] = []
        var epoch: Epoch?
    }
}

extension Request {
    var offer: Offer {
        Offer(name: self.job.name, version: self.job.version)
    }

    /// Roughly what it occupies in memory, in bytes.
    var size: Int {
        self.traceContext.reduce(512 + self.arguments.count + self.job.name.utf8.count + self.contentType.utf8.count) {
            $0 + $1.key.utf8.count + $1.value.utf8.count
        }
    }
}
