import DequeModule
import WherryCore
import WherryJobs
import WherryWire

/// What the client says, and what becomes of its jobs.
extension InlineMachine {
    mutating func received(_ message: Message, now: MonotonicInstant) {
        guard self.isOpen else { return }
        switch message {
        case .hello(let hello): self.welcome(hello, now: now)
        case .request(let request): self.requested(request, now: now)
        case .cancel(let id): self.cancelled(id)
        case .fence(let fence):
            // Its caller has given it up; a copy that never began need not begin.
            self.waiting.removeAll { $0.request.job.id == fence.job.id }
            if self.running.contains(fence.job.id) { self.output.append(.stop(fence.job.id)) }
            self.output.append(.fence(fence, receivedAt: now))
        case .positionRequest(let question):
            if let primary { self.output.append(.readPosition(number: question.number, primary.status.epoch)) }
        case .heartbeat: self.output.append(.tell(.heartbeat(Heartbeat(primary: self.status(now: now)))))
        default: break  // of what a client says, nothing else concerns a broker
        }
    }

    private mutating func welcome(_ hello: Hello, now: MonotonicInstant) {
        guard case .client(let outstanding) = hello.role else { return }
        let held = self.running.union(self.waiting.map { $0.request.job.id })
        let welcome = Welcome(
            incarnation: self.configuration.incarnation,
            region: self.configuration.region,
            disowned: outstanding.filter { !held.contains($0) },
            offers: self.configuration.offers,
            primary: self.status(now: now),
            heartbeatInterval: self.configuration.heartbeatInterval,
            maximumPayloadSize: self.configuration.maximumPayloadSize
        )
        self.output.append(.tell(.welcome(welcome)))
    }

    private mutating func requested(_ request: Request, now: MonotonicInstant) {
        let id = request.job.id
        let isHeld = self.running.contains(id) || self.waiting.contains { $0.request.job.id == id }
        self.output.append(.tell(.queued(Queued(id: id, incarnation: self.configuration.incarnation, duplicate: isHeld))))
        if !isHeld { self.waiting.append(Waiting(request: request, receivedAt: now)) }
    }

    /// Only what still waits can be dropped. What runs is stopped, which is no outcome: its caller's fence decides.
    private mutating func cancelled(_ id: JobID) {
        if self.running.contains(id) { self.output.append(.stop(id)) }
        guard let index = self.waiting.firstIndex(where: { $0.request.job.id == id }) else { return }
        self.waiting.remove(at: index)
        self.refuse(id, .cancelled, "cancelled before it began")
    }

    /// Starts what may start. A job whose deadline has passed meanwhile does not begin.
    mutating func dispatch(now: MonotonicInstant) {
        while self.running.count < self.configuration.concurrency, let next = self.waiting.popFirst() {
            let id = next.request.job.id
            if next.receivedAt + next.request.remaining <= now {
                self.refuse(id, .expired, "its deadline passed before it began: \(self.configuration.concurrency) jobs run at once")
            } else {
                self.running.insert(id)
                self.output.append(.run(next.request, receivedAt: next.receivedAt))
            }
        }
    }

    private mutating func refuse(_ id: JobID, _ code: Refused.Code, _ message: String) {
        let refused = Refused(
            id: id, code: code, message: message, incarnation: self.configuration.incarnation, neverDispatched: true)
        self.output.append(.tell(.refused(refused)))
    }

    mutating func finished(_ id: JobID, _ end: JobEnd, now: MonotonicInstant) {
        guard self.running.remove(id) != nil else { return }
        switch end {
        case .reply(let reply): self.output.append(.tell(.reply(reply)))
        case .refused(var refused):
            refused.incarnation = self.configuration.incarnation
            if refused.code == .unknownJob {
                // Nobody to run it, so it was not run.
                refused.neverDispatched = true
                refused.message = self.explainUnknown(refused.message)
            }
            if [.wrongEpoch, .unavailable].contains(refused.code) { self.checkPrimary() }
            self.output.append(.tell(.refused(refused)))
        }
    }

    private func explainUnknown(_ message: String) -> String {
        "\(message). This client runs its jobs itself: give it a handler for this one"
    }

    mutating func fenced(_ id: JobID, _ end: JobEnd) {
        switch end {
        case .reply(let reply): self.output.append(.tell(.outcome(reply)))
        case .refused(var refused):
            refused.incarnation = self.configuration.incarnation
            refused.subject = .fence
            self.output.append(.tell(.refused(refused)))
        }
    }
}
