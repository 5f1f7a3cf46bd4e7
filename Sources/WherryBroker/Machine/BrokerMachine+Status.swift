internal import WherryCore
internal import WherryWire

/// What operators are told (`wherry status`).
extension BrokerMachine {
    /// What was put together last: counting all jobs costs more than any message should, so it is done once for all who ask at about the same time.
    struct StatusBoard: Sendable {
        var startedAt: MonotonicInstant
        var last: BrokerStatus?
        var madeAt = MonotonicInstant.zero

        init(startedAt: MonotonicInstant) {
            self.startedAt = startedAt
        }
    }

    /// An answer may be this old.
    private static let statusAge = Duration.milliseconds(100)

    /// STATUS_REQUEST.
    mutating func answer(_ request: StatusRequest, to client: Int) {
        var status: BrokerStatus
        if let last = self.statusBoard.last, self.now - self.statusBoard.madeAt < Self.statusAge {
            status = last
        } else {
            status = self.makeStatus()
            self.statusBoard.last = status
            self.statusBoard.madeAt = self.now
        }
        status.number = request.number
        self.send(.status(status), to: client)
    }

    private func makeStatus() -> BrokerStatus {
        let load = self.load
        var status = BrokerStatus(
            number: 0,
            incarnation: self.incarnation,
            region: self.configuration.region,
            uptime: self.now - self.statusBoard.startedAt,
            isDraining: self.isDraining,
            primary: self.primaryNow,
            clients: load.clients,
            workerCount: load.workers,
            waiting: load.queuedJobs,
            waitingBytes: self.queue.size,
            dispatched: load.dispatchedJobs,
            heldBytes: load.heldBytes,
            questions: load.questions
        )
        let limit = WireLimits().maximumStatusEntries
        status.queues = Array(self.makeQueues().prefix(limit))
        status.workers = self.workers.keys.sorted().prefix(limit).compactMap(self.makeWorker)
        return status
    }

    /// All names that are offered or that somebody waits for, the longest queue first.
    private func makeQueues() -> [BrokerStatus.Queue] {
        var queues: [Offer: BrokerStatus.Queue] = [:]
        for (offer, workers) in self.pools.workersByOffer { queues[offer] = BrokerStatus.Queue(job: offer, workers: workers) }
        for job in self.jobs.values {
            guard let offer = job.request?.offer else { continue }
            switch job.place {
            case .queue:
                queues[offer, default: BrokerStatus.Queue(job: offer, workers: 0)].waiting += 1
                queues[offer]?.waitingBytes += job.size
            case .worker:
                queues[offer, default: BrokerStatus.Queue(job: offer, workers: 0)].dispatched += 1
            }
        }
        return queues.values.sorted {
            ($1.waiting, $1.dispatched, $0.job.name, $0.job.version) < ($0.waiting, $0.dispatched, $1.job.name, $1.job.version)
        }
    }

    private func makeWorker(_ number: Int) -> BrokerStatus.Worker? {
        guard let worker = self.workers[number], let peer = self.peers[number] else { return nil }
        return BrokerStatus.Worker(
            incarnation: peer.incarnation.bytes,
            region: peer.region,
            capacity: worker.capacity,
            held: worker.held.count,
            offers: self.pools.offers(of: number).count,
            primary: worker.primary,
            silence: max(.zero, self.now - peer.lastHeard),
            isServing: self.serves(number) && !worker.isPaused
        )
    }
}
