import OrderedCollections
import WherryCore
import WherryJobs
import WherryWire

extension WorkerMachine {
    mutating func take(_ request: Request, from link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        let id = request.job.id
        if let held = self.jobs[id] { return self.join(held, request, from: link, now: now, &actions) }
        if let (code, message) = self.reasonToRefuse(request, now: now, &actions) {
            return self.refuse(.request, id, code, message, to: link, now: now, &actions)
        }
        let offer = Offer(name: request.job.name, version: request.job.version, isRegionJob: request.isRegionJob)
        guard self.settings.offers.contains(offer) else {
            let message = "this worker has no handler for \(request.job.name) version \(request.job.version)"
            return self.refuse(.request, id, .unknownJob, message, to: link, now: now, &actions)
        }
        guard self.jobs.count < self.capacityBound else {
            let message = "this worker holds \(self.jobs.count) jobs, as many as it may"
            return self.refuse(.request, id, .overloaded, message, to: link, now: now, &actions)
        }
        self.jobs[id] = HeldJob(request: request, links: [link], arrival: now)
    }

    /// A copy of a job that is here already is not run a second time: its broker gets the same answer.
    private mutating func join(
        _ held: HeldJob, _ request: Request, from link: Int, now: MonotonicInstant, _ actions: inout [Action]
    ) {
        let id = request.job.id
        guard held.request.job == request.job else {
            return self.refuse(.request, id, .idConflict, "another job with this id runs here: use a new id", to: link, now: now, &actions)
        }
        guard held.request.epoch == request.epoch || request.isRegionJob else {
            let (code, message) =
                self.reasonToRefuse(request, now: now, &actions)
                ?? (.unavailable, "a copy of this job for another epoch is not finished here yet")
            return self.refuse(.request, id, code, message, to: link, now: now, &actions)
        }
        self.jobs[id]?.links.insertOnce(link)
        self.jobs[id]?.request.remaining = max(held.request.remaining, now + request.remaining - held.arrival)
        if held.stage == .handling { self.send(.running(Running(id: id, attempts: held.request.attempts)), to: link, &actions) }
    }

    /// Starts jobs while there is room, in the order of their arrival.
    mutating func startWaitingJobs(now: MonotonicInstant, _ actions: inout [Action]) {
        var running = self.jobs.values.count { $0.stage != .waiting }
        for (id, job) in self.jobs where job.stage == .waiting && running < self.settings.concurrency {
            if let (code, message) = self.reasonToRefuse(job.request, now: now, &actions) {
                self.handBack(id, code, message, now: now, &actions)
                continue
            }
            self.jobs[id]?.stage = .started
            running += 1
            actions.append(.run(job.request, receivedAt: job.arrival))
        }
    }

    mutating func expireWaitingJobs(now: MonotonicInstant, _ actions: inout [Action]) {
        for (id, job) in self.jobs where job.stage == .waiting && job.deadline <= now {
            self.handBack(id, .expired, "its deadline passed while it waited for a worker", now: now, &actions)
        }
    }

    mutating func handlerStarted(_ id: JobID, now: MonotonicInstant, _ actions: inout [Action]) {
        guard let job = self.jobs[id], job.stage != .waiting else { return }
        // Said again when the handler begins anew, for its progress does too.
        self.jobs[id]?.stage = .handling
        self.forward(.running(Running(id: id, attempts: job.request.attempts)), of: id, now: now, &actions)
    }

    /// CANCEL: what has not begun goes back, what runs is stopped. Its end says what came of that.
    mutating func cancel(_ id: JobID, now: MonotonicInstant, _ actions: inout [Action]) {
        switch self.jobs[id]?.stage {
        case .waiting: self.handBack(id, .cancelled, "it was cancelled while it waited for a worker", now: now, &actions)
        case .started, .handling: actions.append(.cancel(id))
        case nil: break
        }
    }

    /// Says something about a job to every broker that asked for it.
    mutating func forward(_ message: Message, of id: JobID, now: MonotonicInstant, _ actions: inout [Action]) {
        guard let job = self.jobs[id] else { return }
        for link in job.links { self.send(message, to: link, &actions) }
    }

    mutating func finish(_ id: JobID, _ end: JobEnd, now: MonotonicInstant, _ actions: inout [Action]) {
        guard let job = self.jobs.removeValue(forKey: id) else { return }
        for link in job.links {
            switch end {
            case .reply(let reply): self.send(.reply(reply), to: link, &actions)
            case .refused(let refused): self.refuse(.request, refused, to: link, &actions)
            }
        }
        self.react(to: end, now: now, &actions)
    }

    /// Gives a job that was not started, or not finished, back to its brokers.
    mutating func handBack(_ id: JobID, _ code: Refused.Code, _ message: String, now: MonotonicInstant, _ actions: inout [Action]) {
        guard let job = self.jobs.removeValue(forKey: id) else { return }
        for link in job.links { self.refuse(.request, id, code, message, to: link, now: now, &actions) }
    }

    /// Why a request may not be run now; `nil` if it may.
    mutating func reasonToRefuse(
        _ request: Request, now: MonotonicInstant, _ actions: inout [Action]
    ) -> (code: Refused.Code, message: String)? {
        guard request.isRegionJob else { return self.reasonToRefuse(epoch: request.epoch, now: now, &actions) }
        if case .working = self.phase {} else { return (.drained, "this worker is shutting down") }
        switch self.primary.state {
        // How new its data must be is for the gate to see to.
        case .serving, .standby, .stale: return nil
        case .unknown, .unavailable: return (.unavailable, "this worker's database is down; see its log")
        }
    }

    /// Why nothing may be run for a request or fence of this epoch now; `nil` if it may.
    mutating func reasonToRefuse(
        epoch: Epoch?, now: MonotonicInstant, _ actions: inout [Action]
    ) -> (code: Refused.Code, message: String)? {
        if case .working = self.phase {} else { return (.drained, "this worker is shutting down") }
        switch self.primary.state {
        case .unknown, .unavailable, .standby:
            return (.unavailable, "this worker's database is down or no primary; see its log")
        case .stale:
            return (.unavailable, "this worker's database is a primary that another one has taken over from")
        case .serving(let status):
            switch epoch?.relation(to: status.epoch) {
            case .same: return nil
            case nil: return (.wrongEpoch, "the request names no epoch; the primary is at \(status.epoch)")
            case .newer:
                // A client's word stops nobody, but it is reason to look.
                self.checkPrimary(now: now, &actions)
                return (.wrongEpoch, "this worker's primary is at \(status.epoch), and that is older")
            case .older, .fork, .otherSystem: return (.wrongEpoch, "the primary is at \(status.epoch)")
            }
        }
    }

    func refuse(
        _ subject: Refused.Subject, _ id: JobID, _ code: Refused.Code, _ message: String, to link: Int, now: MonotonicInstant,
        _ actions: inout [Action]
    ) {
        let refused = Refused(
            id: id,
            subject: subject,
            code: code,
            message: message,
            incarnation: [],
            neverDispatched: false,
            retryAfter: code == .overloaded ? .milliseconds(100) : nil,
            epoch: code == .wrongEpoch ? self.primaryStatus(now: now)?.epoch : nil
        )
        self.send(.refused(refused), to: link, &actions)
    }

    /// Refuses what a run refused. It was dispatched, for it is here: so this is never proof of anything. The broker adds its incarnation.
    func refuse(
        _ subject: Refused.Subject, _ refused: Refused, to link: Int, _ actions: inout [Action]
    ) {
        var refused = refused
        refused.subject = subject
        refused.neverDispatched = false
        self.send(.refused(refused), to: link, &actions)
    }
}
