internal import WherryCore
internal import WherryWire

/// Jobs at workers: who gets what, what workers say of it, and what becomes of the jobs of a worker that is gone.
extension BrokerMachine {
    // MARK: Matching

    /// Hands out jobs of one kind, as long as somebody takes them.
    mutating func serve(_ offer: Offer) {
        while let id = self.queue.first(in: offer), let worker = self.pools.leastLoaded(for: offer) { self.dispatch(id, to: worker) }
    }

    /// Hands out jobs to one worker, as long as it takes them.
    mutating func serve(_ worker: Int) {
        self.ask(worker)
        guard self.queue.count > 0, self.pools.isReady(worker) else { return }
        let offers = self.pools.offers(of: worker).filter { $0.isRegionJob ? self.servesRegion(worker) : self.serves(worker) }
        while self.pools.isReady(worker), let id = self.queue.first(among: offers) { self.dispatch(id, to: worker) }
    }

    private mutating func dispatch(_ id: JobID, to worker: Int) {
        self.queue.take(id)
        guard var job = self.jobs[id], var request = job.request else { return }
        self.dispatches += 1
        job.place = .worker(worker)
        job.isFresh = false
        job.isRunning = false
        job.dispatch = self.dispatches
        job.queueTime = job.queueTime ?? (self.now - job.arrival)
        self.jobs[id] = job
        self.deadlines.set(id, to: job.deadline + self.configuration.overdueGrace)
        self.workers[worker]?.held.insert(id)
        self.workers[worker]?.lastServed = self.dispatches
        self.refresh(worker)
        request.remaining = max(.zero, job.deadline - self.now)
        self.send(.request(request), to: worker)
    }

    /// Brings what is known of a worker's willingness up to date.
    mutating func refresh(_ number: Int) {
        guard let worker = self.workers[number] else { return }
        let serves = self.serves(number) && !worker.isPaused
        let hasRoom = worker.held.count < worker.capacity && !worker.isPaused
        let load = hasRoom ? WorkerPools.Load(held: worker.held.count, capacity: worker.capacity, lastServed: worker.lastServed) : nil
        self.pools.set(number, writes: serves ? load : nil, regionJobs: self.servesRegion(number) ? load : nil)
        if serves, worker.questions.count < self.configuration.limits.questionsPerWorker {
            self.answerers.set(number, to: worker.questions.count)
        } else {
            self.answerers.remove(number)
        }
    }

    // MARK: What workers say

    /// CREDIT: absolute, never added up.
    mutating func setCapacity(_ capacity: Int, of worker: Int) {
        self.workers[worker]?.capacity = min(capacity, self.configuration.limits.jobsPerWorker)
        self.workers[worker]?.isPaused = false
        self.refresh(worker)
        self.serve(worker)
    }

    mutating func note(_ running: Running, from worker: Int) {
        guard let job = self.jobs[running.id], job.place == .worker(worker) else { return }
        self.jobs[running.id]?.isRunning = true
        for client in job.clients { self.send(.running(running), to: client) }
    }

    mutating func forward(_ partial: Partial, from worker: Int) {
        guard let job = self.jobs[partial.id], job.place == .worker(worker) else { return }
        for client in job.clients { self.send(.partial(partial), to: client) }
    }

    /// REPLY: the receipt has spoken, whichever worker says so.
    mutating func settle(_ reply: Reply, from worker: Int) {
        guard let job = self.jobs[reply.id] else { return }
        var reply = reply
        reply.timings[.brokerQueue] = job.queueTime ?? (self.now - job.arrival)
        for client in job.clients { self.send(.reply(reply), to: client) }
        switch job.place {
        case .worker(let holder) where holder != worker:
            // Its twin still runs at another worker and takes up room there until that one replies too.
            for client in job.clients { self.clients[client]?.jobs.remove(reply.id) }
            self.heldBytes -= job.size
            self.jobs[reply.id]?.clients = []
            self.jobs[reply.id]?.request = nil
        case .worker, .queue:
            self.remove(reply.id)
            self.refresh(worker)
            self.serve(worker)
        }
    }

    /// REFUSED: a worker did not run a job.
    mutating func end(_ refused: Refused, from worker: Int) {
        guard let job = self.jobs[refused.id], job.place == .worker(worker) else { return }
        if refused.code == .drained {
            // Handed back: somebody else can have it.
            self.workers[worker]?.isPaused = true
            self.requeue(refused.id)
            self.refresh(worker)
            if let offer = job.request?.offer { self.serve(offer) }
            return
        }
        var refused = refused
        refused.incarnation = self.incarnation
        refused.neverDispatched = false
        for client in job.clients { self.send(.refused(refused), to: client) }
        self.remove(refused.id)
        self.refresh(worker)
        self.serve(worker)
    }

    // MARK: Workers that come and go

    /// Jobs that a worker says it still works on, for whichever broker.
    mutating func bind(_ running: [JobID], to worker: Int) {
        for id in running {
            switch self.jobs[id]?.place {
            case .queue:
                self.queue.remove(id)
                self.jobs[id]?.isFresh = false
                self.hold(id, at: worker)
            case .worker: break
            case nil:
                self.jobs[id] = HeldJob(
                    request: nil,
                    deadline: self.now,
                    arrival: self.now,
                    clients: [],
                    place: .worker(worker),
                    isFresh: false
                )
                self.hold(id, at: worker)
            }
        }
    }

    private mutating func hold(_ id: JobID, at worker: Int) {
        self.dispatches += 1
        self.jobs[id]?.place = .worker(worker)
        self.jobs[id]?.dispatch = self.dispatches
        self.workers[worker]?.held.insert(id)
        self.deadlines.set(id, to: (self.jobs[id]?.deadline ?? self.now) + self.configuration.overdueGrace)
    }

    /// Gives the jobs of a worker to others.
    ///
    /// - Parameters:
    ///   - worker: who had them.
    ///   - died: it died with them, so those that ran may be what killed it.
    ///   - kept: those that it still has.
    mutating func redeliver(from worker: Int, died: Bool, except kept: Set<JobID> = []) {
        let lost = (self.workers[worker]?.held ?? []).subtracting(kept).sorted {
            (self.jobs[$0]?.dispatch ?? 0) < (self.jobs[$1]?.dispatch ?? 0)
        }
        for id in lost {
            if self.jobs[id]?.request?.isRegionJob == true {
                // Nobody knows whether it ran, and nothing keeps it from running twice.
                self.refuse(id, .regionJobLost, "its worker is gone, and nobody knows whether it ran")
                continue
            }
            self.jobs[id]?.request?.redelivered = true
            if died, self.jobs[id]?.isRunning == true { self.jobs[id]?.request?.attempts += 1 }
            self.requeue(id)
        }
        for offer in lost.compactMap({ self.jobs[$0]?.request?.offer }) { self.serve(offer) }
    }

    /// Puts a job that a worker had back in its old place in line, or drops it if nobody waits for it.
    private mutating func requeue(_ id: JobID) {
        guard let job = self.jobs[id], case .worker(let worker) = job.place else { return }
        guard let request = job.request, let client = job.clients.first else { return self.remove(id) }
        if self.isDraining {
            return self.refuse(id, .drained, "its worker is gone and this broker shuts down: send the job through another one")
        }
        self.workers[worker]?.held.remove(id)
        self.jobs[id]?.place = .queue
        self.jobs[id]?.isRunning = false
        self.deadlines.set(id, to: job.deadline)
        if let turn = job.turn {
            self.queue.insert(id, lane: request.offer, client: client, size: request.size, turn: turn)
        } else {
            self.jobs[id]?.turn = self.queue.append(id, lane: request.offer, client: client, size: request.size)
        }
    }
}
