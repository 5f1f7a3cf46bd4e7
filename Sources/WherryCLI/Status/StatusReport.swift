import WherryCore
import WherryWire

/// What `wherry status` shows: brokers, workers, jobs and how far replicas are, put together from what each said.
struct StatusReport: Hashable, Sendable, Encodable {
    struct Region: Hashable, Sendable, Encodable {
        var name: String
        var brokers = 0
        var workers = 0
    }

    struct Broker: Hashable, Sendable, Encodable {
        var endpoint: String
        /// Why it did not answer, or not in full.
        var failure: String?
        var region: String?
        var incarnation: String?
        var roundTripMilliseconds: Double?
        var uptimeSeconds: Double?
        var isDraining: Bool?
        /// This tool included.
        var clients: Int?
        var workers: Int?
        var waiting: Int?
        var waitingBytes: Int?
        var dispatched: Int?
        var heldBytes: Int?
        var questions: Int?
        var epoch: String?
    }

    /// One worker, whichever brokers it serves.
    struct Worker: Hashable, Sendable, Encodable {
        var incarnation: String
        var region: String
        /// How many of the brokers that answered know it.
        var brokers: Int
        var capacity: Int
        var held: Int
        var offers: Int
        var isServing: Bool
        var silenceMilliseconds: Double
        var epoch: String?
    }

    struct Job: Hashable, Sendable, Encodable {
        var name: String
        var version: Int
        /// At the broker that knows the most of them.
        var workers: Int
        var waiting: Int
        var waitingBytes: Int
        var dispatched: Int
    }

    struct Database: Hashable, Sendable, Encodable {
        var name: String
        var failure: String?
        var isStandby: Bool?
        /// What is flushed on a primary, replayed on a replica.
        var position: String?
        /// In bytes, against what the primary has flushed (correctness.md, rule 14).
        var lagBytes: Int64?
        /// `streaming` and so on, as the primary sees it.
        var state: String?
    }

    var regions: [Region]
    var brokers: [Broker]
    var workers: [Worker]
    var jobs: [Job]
    var databases: [Database]

    /// Whether everybody who was asked has answered.
    var isComplete: Bool {
        self.brokers.allSatisfy { $0.uptimeSeconds != nil } && self.databases.allSatisfy { $0.failure == nil }
    }

    init(brokers answers: [BrokerAnswer], primary: DatabaseFacts? = nil, local: DatabaseFacts? = nil) {
        self.brokers = answers.map(Broker.init)
        self.workers = Self.workers(in: answers)
        self.jobs = Self.jobs(in: answers)
        self.databases = Self.databases(primary: primary, local: local)
        var regions: [String: Region] = [:]
        for broker in self.brokers { if let name = broker.region { regions[name, default: Region(name: name)].brokers += 1 } }
        for worker in self.workers { regions[worker.region, default: Region(name: worker.region)].workers += 1 }
        self.regions = regions.values.sorted { $0.name < $1.name }
    }

    private static func workers(in answers: [BrokerAnswer]) -> [Worker] {
        var workers: [[UInt8]: Worker] = [:]
        for worker in answers.compactMap(\.status).flatMap(\.workers) {
            let silence = worker.silence.milliseconds
            guard var known = workers[worker.incarnation] else {
                workers[worker.incarnation] = Worker(
                    incarnation: Self.hex(worker.incarnation), region: worker.region, brokers: 1, capacity: worker.capacity,
                    held: worker.held,
                    offers: worker.offers, isServing: worker.isServing, silenceMilliseconds: silence,
                    epoch: worker.primary.map { "\($0.epoch)" })
                continue
            }
            known.brokers += 1
            known.capacity = max(known.capacity, worker.capacity)
            known.held += worker.held
            known.offers = max(known.offers, worker.offers)
            known.isServing = known.isServing || worker.isServing
            known.silenceMilliseconds = min(known.silenceMilliseconds, silence)
            workers[worker.incarnation] = known
        }
        return workers.values.sorted { ($0.region, $0.incarnation) < ($1.region, $1.incarnation) }
    }

    private static func jobs(in answers: [BrokerAnswer]) -> [Job] {
        var jobs: [Offer: Job] = [:]
        for queue in answers.compactMap(\.status).flatMap(\.queues) {
            var job =
                jobs[queue.job]
                ?? Job(name: queue.job.name, version: queue.job.version, workers: 0, waiting: 0, waitingBytes: 0, dispatched: 0)
            job.workers = max(job.workers, queue.workers)
            job.waiting += queue.waiting
            job.waitingBytes += queue.waitingBytes
            job.dispatched += queue.dispatched
            jobs[queue.job] = job
        }
        return jobs.values.sorted { ($1.waiting, $0.name, $0.version) < ($0.waiting, $1.name, $1.version) }
    }

    private static func databases(primary: DatabaseFacts?, local: DatabaseFacts?) -> [Database] {
        var databases = [primary, local].compactMap(\.self).map { facts in
            var database = Database(name: facts.name, failure: facts.failure)
            guard facts.isUsable else { return database }
            database.isStandby = facts.isStandby
            let position = facts.isStandby ? facts.replay?.replayed : facts.flushed
            database.position = position.map { "\($0)" }
            if facts.isStandby, let position, let flushed = primary?.flushed {
                database.lagBytes = Int64(clamping: flushed.rawValue - min(flushed.rawValue, position.rawValue))
            }
            return database
        }
        for standby in primary?.standbys ?? [] {
            databases.append(
                Database(name: "replica \(standby.name)", isStandby: true, lagBytes: standby.lag, state: standby.state))
        }
        return databases
    }

    /// The first half of an incarnation is enough to tell two apart.
    fileprivate static func hex(_ bytes: [UInt8]) -> String {
        bytes.prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

extension StatusReport.Broker {
    init(_ answer: BrokerAnswer) {
        self.init(endpoint: answer.endpoint, failure: answer.failure)
        self.roundTripMilliseconds = answer.roundTrip?.milliseconds
        if let welcome = answer.welcome {
            self.region = welcome.region
            self.incarnation = StatusReport.hex(welcome.incarnation)
            self.epoch = welcome.primary.map { "\($0.epoch)" }
        }
        guard let status = answer.status else { return }
        self.uptimeSeconds = status.uptime.milliseconds / 1000
        self.isDraining = status.isDraining
        self.clients = status.clients
        self.workers = status.workerCount
        self.waiting = status.waiting
        self.waitingBytes = status.waitingBytes
        self.dispatched = status.dispatched
        self.heldBytes = status.heldBytes
        self.questions = status.questions
    }
}
