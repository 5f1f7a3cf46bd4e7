internal import WherryCore
internal import WherryWire

/// Jobs from arrival until a worker gets them: admission, duplicates, refusals, cancelling, deadlines.
extension BrokerMachine {
    // MARK: Arrival

    mutating func take(_ incoming: Request, from client: Int) {
        var request = incoming
        request.job.scope = self.configuration.scope
        let id = request.job.id
        if let held = self.jobs[id] { return self.join(held, request, from: client) }
        // A copy that may not be the first proves nothing by not having been dispatched here.
        let isFresh = !request.redelivered && request.attempts == 0
        if let (code, message) = self.obstacle(to: request, from: client) {
            self.refuse(id, code, message, to: client, neverDispatched: isFresh)
            return
        }
        self.jobs[id] = HeldJob(
            request: request,
            deadline: self.now + request.remaining,
            arrival: self.now,
            clients: [],
            place: .queue,
            isFresh: isFresh
        )
        self.heldBytes += request.size
        self.jobs[id]?.turn = self.queue.append(id, lane: request.offer, client: client, size: request.size)
        self.deadlines.set(id, to: self.now + request.remaining)
        self.add(client, to: id)
        self.send(.queued(Queued(id: id, incarnation: self.incarnation, duplicate: false)), to: client)
        self.serve(request.offer)
    }

    /// Why a job cannot be taken.
    private mutating func obstacle(to request: Request, from client: Int) -> (Refused.Code, String)? {
        let limits = self.configuration.limits
        if self.isDraining { return (.drained, "this broker shuts down: send the job through another one") }
        if request.remaining <= .zero { return (.expired, "its deadline had passed when it came to the broker") }
        if request.arguments.count > limits.payloadBytes {
            return (.tooLarge, "its arguments have \(request.arguments.count) bytes; this broker takes \(limits.payloadBytes)")
        }
        if self.pools.count > 0, !self.pools.isOffered(request.offer) { return (.unknownJob, self.explain(request.offer)) }
        if self.queue.count >= limits.queuedJobs { return (.overloaded, "\(limits.queuedJobs) jobs wait already (queuedJobs)") }
        if self.queue.size + request.size > limits.queuedBytes {
            return (.overloaded, "waiting jobs occupy \(self.queue.size) of \(limits.queuedBytes) bytes (queuedBytes)")
        }
        if self.heldBytes + request.size > limits.heldBytes {
            return (.overloaded, "jobs occupy \(self.heldBytes) of \(limits.heldBytes) bytes (heldBytes)")
        }
        if self.queue.count(of: client) >= limits.queuedJobsPerClient {
            return (.overloaded, "\(limits.queuedJobsPerClient) jobs of this client wait already (queuedJobsPerClient)")
        }
        if self.queue.size(of: client) + request.size > limits.queuedBytesPerClient {
            return (
                .overloaded,
                "this client's waiting jobs occupy \(self.queue.size(of: client)) of \(limits.queuedBytesPerClient) bytes (queuedBytesPerClient)"
            )
        }
        return nil
    }

    private mutating func explain(_ offer: Offer) -> String {
        if let known = self.explanations[offer] { return known }
        let explanation = NameSuggestions.explanation(of: offer, offers: self.pools.offers)
        if self.explanations.count >= 100 { self.explanations = [:] }
        self.explanations[offer] = explanation
        return explanation
    }

    // MARK: Duplicates

    /// A copy of a job that is here already: it is not run twice through this broker, but its sender is told too.
    private mutating func join(_ held: HeldJob, _ request: Request, from client: Int) {
        let id = request.job.id
        if let known = held.request, known.job != request.job {
            // Only a receipt can say which of the two has the id for good, so this is no idConflict yet: whoever comes second tries again.
            let message = "another job with this id is under way (\(known.job.name)): its receipt will say whose the id is"
            self.refuse(id, .unavailable, message, to: client, neverDispatched: false)
            return
        }
        self.jobs[id]?.isFresh = false
        if var known = held.request {
            known.redelivered = known.redelivered || request.redelivered
            known.attempts = max(known.attempts, request.attempts)
            if let epoch = request.epoch, known.epoch.map({ epoch.relation(to: $0) == .newer }) ?? true { known.epoch = epoch }
            self.jobs[id]?.request = known
        } else {
            // Known so far only from a worker that runs it: with the request it can go to another one if that dies.
            self.jobs[id]?.request = request
            self.heldBytes += request.size
        }
        let deadline = max(held.deadline, self.now + request.remaining)
        self.jobs[id]?.deadline = deadline
        self.deadlines.set(id, to: held.place == .queue ? deadline : deadline + self.configuration.overdueGrace)
        self.add(client, to: id)
        self.send(.queued(Queued(id: id, incarnation: self.incarnation, duplicate: true)), to: client)
        if held.isRunning { self.send(.running(Running(id: id, attempts: request.attempts)), to: client) }
    }

    /// A client asks for a job by its id: it shall have the answer. `false` if the job is not here.
    mutating func attach(_ client: Int, to id: JobID) -> Bool {
        guard let job = self.jobs[id] else { return false }
        // What one of several cancels or gives up may still run for the others.
        if !job.clients.contains(client) { self.jobs[id]?.isFresh = false }
        self.add(client, to: id)
        return true
    }

    private mutating func add(_ client: Int, to id: JobID) {
        guard let clients = self.jobs[id]?.clients, !clients.contains(client) else { return }
        if clients.count >= self.configuration.limits.clientsPerJob, let first = clients.first {
            self.jobs[id]?.clients.removeFirst()
            self.clients[first]?.jobs.remove(id)
        }
        self.jobs[id]?.clients.append(client)
        self.clients[client]?.jobs.insert(id)
    }

    // MARK: Refusals

    /// Gives a waiting job back to all its clients.
    mutating func refuse(_ id: JobID, _ code: Refused.Code, _ message: String) {
        guard let job = self.jobs[id] else { return }
        for client in job.clients { self.refuse(id, code, message, to: client, neverDispatched: job.isFresh) }
        self.remove(id)
    }

    private mutating func refuse(_ id: JobID, _ code: Refused.Code, _ message: String, to client: Int, neverDispatched: Bool) {
        let refused = Refused(
            id: id,
            code: code,
            message: message,
            incarnation: self.incarnation,
            neverDispatched: neverDispatched,
            retryAfter: code == .overloaded ? self.retryAfter() : nil
        )
        self.send(.refused(refused), to: client)
    }

    /// Jittered, so that those who are refused together do not come back together.
    mutating func retryAfter() -> Duration {
        self.configuration.retryAfter
            + .nanoseconds(Int64.random(in: 0...max(0, self.configuration.retryAfter.saturatedNanoseconds), using: &self.random))
    }

    // MARK: Ends

    /// CANCEL: what still waits is dropped; a worker that has it is told, unless others wait for it too. Either way a fence decides.
    mutating func cancel(_ id: JobID, from client: Int) {
        guard let job = self.jobs[id], job.clients.contains(client) else { return }
        if case .worker(let worker) = job.place {
            if job.clients.count == 1 { self.send(.cancel(id), to: worker) }
            return
        }
        self.refuse(id, .cancelled, "it was cancelled while it waited", to: client, neverDispatched: job.isFresh)
        self.detach(client, from: id)
    }

    /// A job's time is over: its deadline while it waited, or what an overdue one is remembered for.
    mutating func expire(_ id: JobID) {
        switch self.jobs[id]?.place {
        case .queue: self.refuse(id, .expired, "its deadline passed while it waited for a worker")
        case .worker(let worker):
            self.remove(id)
            self.refresh(worker)
            self.serve(worker)
        case nil: break
        }
    }

    /// A client is gone: what only it wanted and no worker has is dropped.
    mutating func detach(_ client: Int) {
        guard let gone = self.clients[client] else { return }
        for id in gone.jobs.sorted() { self.detach(client, from: id) }
        for question in self.inOrder(gone.questions) { self.withdraw(question, by: client) }
    }

    mutating func detach(_ client: Int, from id: JobID) {
        self.clients[client]?.jobs.remove(id)
        self.jobs[id]?.clients.removeAll { $0 == client }
        guard let job = self.jobs[id], job.place == .queue else { return }
        if job.clients.isEmpty {
            self.remove(id)
        } else if let request = job.request, let heir = job.clients.first, let turn = job.turn {
            // It counts against the next of those who wait for it.
            self.queue.remove(id)
            self.queue.insert(id, lane: request.offer, client: heir, size: request.size, turn: turn)
        }
    }

    /// Forgets a job, wherever it is.
    mutating func remove(_ id: JobID) {
        guard let job = self.jobs.removeValue(forKey: id) else { return }
        self.queue.remove(id)
        self.deadlines.remove(id)
        self.heldBytes -= job.size
        for client in job.clients { self.clients[client]?.jobs.remove(id) }
        if case .worker(let worker) = job.place { self.workers[worker]?.held.remove(id) }
    }
}
