/// What a broker holds, for operators: the answer to ``StatusRequest``. (`Status` on the wire.)
package struct BrokerStatus: Hashable, Sendable {
    /// Jobs of one name and version.
    package struct Queue: Hashable, Sendable {
        package var job: Offer
        /// Workers that offer it.
        package var workers: Int
        /// Jobs that wait for a worker.
        package var waiting: Int
        /// What those occupy, in bytes.
        package var waitingBytes: Int
        /// Jobs that workers hold.
        package var dispatched: Int

        package init(job: Offer, workers: Int, waiting: Int = 0, waitingBytes: Int = 0, dispatched: Int = 0) {
            self.job = job
            self.workers = workers
            self.waiting = waiting
            self.waitingBytes = waitingBytes
            self.dispatched = dispatched
        }
    }

    /// One worker.
    package struct Worker: Hashable, Sendable {
        /// 16 bytes, drawn anew by each worker that starts: the same at every broker.
        package var incarnation: [UInt8]
        package var region: String
        /// How many jobs it is willing to hold.
        package var capacity: Int
        /// How many it holds.
        package var held: Int
        /// How many names and versions it has handlers for.
        package var offers: Int
        /// What it said last of its primary.
        package var primary: PrimaryStatus?
        /// Since its last message.
        package var silence: Duration
        /// Whether it is given jobs: it sees the newest primary and has not handed any back.
        package var isServing: Bool

        package init(
            incarnation: [UInt8], region: String, capacity: Int, held: Int, offers: Int, primary: PrimaryStatus?, silence: Duration,
            isServing: Bool
        ) {
            self.incarnation = incarnation
            self.region = region
            self.capacity = capacity
            self.held = held
            self.offers = offers
            self.primary = primary
            self.silence = silence
            self.isServing = isServing
        }
    }

    /// As in the question.
    package var number: UInt64
    /// The broker's, as in WELCOME.
    package var incarnation: [UInt8]
    package var region: String
    /// Since it started.
    package var uptime: Duration
    package var isDraining: Bool
    /// The newest that workers reported.
    package var primary: PrimaryStatus?
    /// Clients, the asker included.
    package var clients: Int
    /// Workers, those included that ``workers`` has no room for.
    package var workerCount: Int
    /// Jobs that wait, of all names.
    package var waiting: Int
    /// What those occupy, in bytes.
    package var waitingBytes: Int
    /// Jobs that workers hold, of all names.
    package var dispatched: Int
    /// What all jobs occupy, in bytes.
    package var heldBytes: Int
    /// Fences and questions that are not answered yet.
    package var questions: Int
    /// The longest first, then by name; at most ``WireLimits/maximumStatusEntries``.
    package var queues: [Queue] = []
    /// In the order of their arrival; at most ``WireLimits/maximumStatusEntries``.
    package var workers: [Worker] = []

    package init(
        number: UInt64, incarnation: [UInt8], region: String, uptime: Duration, isDraining: Bool = false, primary: PrimaryStatus? = nil,
        clients: Int = 0, workerCount: Int = 0, waiting: Int = 0, waitingBytes: Int = 0, dispatched: Int = 0, heldBytes: Int = 0,
        questions: Int = 0
    ) {
        self.number = number
        self.incarnation = incarnation
        self.region = region
        self.uptime = uptime
        self.isDraining = isDraining
        self.primary = primary
        self.clients = clients
        self.workerCount = workerCount
        self.waiting = waiting
        self.waitingBytes = waitingBytes
        self.dispatched = dispatched
        self.heldBytes = heldBytes
        self.questions = questions
    }
}
