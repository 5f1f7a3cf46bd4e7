import OrderedCollections
import WherryCore
import WherryWire

extension WorkerMachine {
    mutating func connect(_ link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        actions.append(.connect(link, endpoint: self.links[link].target.endpoint))
        self.links[link].state = .greeting(since: now)
        self.greet(link, now: now, &actions)
    }

    /// Says HELLO: who this worker is and which jobs are here, so that the broker does not give them to somebody else. From now on it expects
    /// their answers.
    private mutating func greet(_ link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        self.links[link].nextHeartbeat = now + self.heartbeatInterval(of: link)
        for id in self.jobs.keys { self.jobs[id]?.links.insertOnce(link) }
        self.links[link].credit = self.fairCredit(of: link)
        let role = Hello.Role.worker(
            offers: self.settings.offers,
            running: Array(self.jobs.keys),
            capacity: self.links[link].credit,
            primary: self.primaryStatus(now: now)
        )
        let hello = Hello(role: role, incarnation: self.incarnation(for: link), region: self.settings.region)
        self.send(.hello(hello), to: link, &actions)
    }

    mutating func receive(_ message: Message, from link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        guard self.links.indices.contains(link), self.links[link].isOpen else { return }
        self.links[link].lastHeard = now
        switch message {
        case .welcome(let welcome): self.welcomed(welcome, by: link, now: now, &actions)
        case .disconnect(let disconnect): self.disconnected(disconnect, by: link, now: now, &actions)
        case .heartbeat(let heartbeat): self.learn(heartbeat.primary, now: now, &actions)
        case .request(let request): self.take(request, from: link, now: now, &actions)
        case .fence(let fence): self.takeFence(fence, from: link, now: now, &actions)
        case .positionRequest(let question): self.takeQuestion(question, from: link, now: now, &actions)
        case .cancel(let id): self.cancel(id, now: now, &actions)
        // The rest is said to clients or by workers. A broker that says it to a worker is wrong, but harmless.
        case .hello, .credit, .queued, .running, .refused, .partial, .reply, .outcome, .position, .statusRequest, .status: break
        }
    }

    /// What is no message is answered where it names a job, so that nobody waits for it in vain.
    mutating func reject(_ error: WireError, from link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        guard self.links.indices.contains(link), self.links[link].isOpen else { return }
        self.links[link].lastHeard = now
        if let refused = error.refusal(incarnation: [], neverDispatched: false) {
            self.send(.refused(refused), to: link, &actions)
        } else if error.code == .unsupportedVersion {
            self.disconnected(error.disconnect, by: link, now: now, &actions)
        }
        if !self.links[link].nonsenseLogged { actions.append(.log(.brokerMisspoke(link: link, error))) }
        self.links[link].nonsenseLogged = true
    }

    private mutating func welcomed(_ welcome: Welcome, by link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        let isNew = self.links[link].state != .serving
        self.links[link].state = .serving
        self.links[link].heartbeatInterval = min(max(welcome.heartbeatInterval, .milliseconds(10)), .seconds(60))
        self.links[link].reconnectDelay = .zero
        self.links[link].failureLogged = false
        if isNew {
            self.links[link].lastHeard = now
            self.links[link].nextHeartbeat = now + self.heartbeatInterval(of: link)
            actions.append(.log(.brokerFound(link: link)))
        }
        if welcome.region != self.settings.region, self.hasRegionJobs, !self.links[link].elsewhereLogged {
            self.links[link].elsewhereLogged = true
            actions.append(.log(.brokerElsewhere(link: link, region: welcome.region)))
        }
        self.learn(welcome.primary, now: now, &actions)
    }

    private mutating func disconnected(_ disconnect: Disconnect, by link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        switch disconnect.reason {
        case .unknownPeer:
            // In reply to what was said before the HELLO that is under way: that one is enough.
            guard case .serving = self.links[link].state else { break }
            self.links[link].state = .greeting(since: now)
            self.greet(link, now: now, &actions)
        case .leaving:
            self.lose(link, because: .brokerLeft(link: link), now: now, &actions)
        case .unsupportedVersion, .malformed, .denied, .unrecognized:
            self.links[link].reconnectDelay = self.settings.maximumReconnectDelay
            self.lose(link, because: .brokerRefuses(link: link, disconnect), now: now, &actions)
        }
    }

    /// Closes the socket and comes back after a while. Jobs from there go on: their receipts tell what became of them.
    mutating func lose(_ link: Int, because note: Note?, now: MonotonicInstant, _ actions: inout [Action]) {
        if let note, !self.links[link].failureLogged {
            actions.append(.log(note))
            self.links[link].failureLogged = true
        }
        for id in self.jobs.keys { self.jobs[id]?.links.removeAll { $0 == link } }
        for id in self.fences.keys { self.fences[id]?.links.removeAll { $0 == link } }
        self.positions.asked.removeAll { $0.link == link }
        self.positions.waiting.removeAll { $0.link == link }
        let previous = self.links[link].reconnectDelay
        let delay = min(max(previous * 2, self.settings.reconnectDelay), self.settings.maximumReconnectDelay)
        self.links[link].reconnectDelay = delay
        self.links[link].state = .waiting(until: now + self.jittered(delay))
        self.directory.lost(self.links[link].target.endpoint, now: now)
        actions.append(.disconnect(link))
    }

    mutating func closeAllLinks(now: MonotonicInstant, _ actions: inout [Action]) {
        for link in self.links.indices where self.links[link].isOpen {
            self.send(.disconnect(Disconnect(reason: .leaving)), to: link, &actions)
            actions.append(.disconnect(link))
        }
        for link in self.links.indices where self.links[link].state != .closed { self.links[link].state = .waiting(until: nil) }
    }

    mutating func passTime(on link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        if let until = self.links[link].retiresAt { return self.retire(link, notBefore: until, now: now, &actions) }
        switch self.links[link].state {
        case .waiting(until: nil), .closed:
            break
        case .waiting(let until?):
            if until <= now, !self.pulse.isStalled { self.connect(link, now: now, &actions) }
        case .greeting(let since):
            // Only a WELCOME ends this: a broker that answers everything but HELLO is of no use.
            if since + self.patience(with: link) <= now {
                self.lose(link, because: .brokerSilent(link: link), now: now, &actions)
            } else if self.links[link].nextHeartbeat <= now {
                // To say it again does no harm, and a broker that has just started may not have heard it.
                self.greet(link, now: now, &actions)
            }
        case .serving:
            if self.links[link].lastHeard + self.patience(with: link) <= now {
                self.lose(link, because: .brokerSilent(link: link), now: now, &actions)
            } else if self.links[link].nextHeartbeat <= now {
                self.beat(link, now: now, &actions)
            }
        }
    }

    /// Says that this worker lives, what its primary's clock says, and its credit: that is absolute, so to repeat it heals a loss.
    mutating func beat(_ link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        guard case .serving = self.links[link].state else { return }
        self.links[link].nextHeartbeat = now + self.heartbeatInterval(of: link)
        self.send(.heartbeat(Heartbeat(primary: self.primaryStatus(now: now))), to: link, &actions)
        self.links[link].credit = self.fairCredit(of: link)
        self.send(.credit(self.links[link].credit), to: link, &actions)
    }

    func nextWakeUp(of link: Int) -> MonotonicInstant? {
        switch self.links[link].state {
        case .closed: nil
        case .waiting(let until): self.pulse.isStalled ? nil : until
        case .greeting(let since): min(since + self.patience(with: link), self.links[link].nextHeartbeat)
        case .serving:
            [
                self.links[link].lastHeard + self.patience(with: link), self.links[link].nextHeartbeat,
                self.links[link].retiresAt.flatMap { $0 > (self.lastEvent ?? .zero) ? $0 : nil },
            ].compactMap { $0 }.min()
        }
    }

    /// After a gap of more than half the liveness this process was frozen, and what the brokers said meanwhile is still unread: nobody is
    /// taken for dead before it had a whole liveness again.
    mutating func forgiveFrozenGap(now: MonotonicInstant) {
        defer { self.lastEvent = now }
        guard let last = self.lastEvent else { return }
        if now - last > self.settings.stallLimit / 2, self.pulse.askedAt != nil { self.pulse.askedAt = now }
        for link in self.links.indices where now - last > self.patience(with: link) / 2 {
            self.links[link].lastHeard = now
            if case .greeting = self.links[link].state { self.links[link].state = .greeting(since: now) }
        }
    }

    func heartbeatInterval(of link: Int) -> Duration {
        self.links[link].heartbeatInterval ?? self.settings.heartbeatInterval
    }

    func patience(with link: Int) -> Duration {
        self.heartbeatInterval(of: link) * self.settings.liveness
    }

    /// Between half of a delay and all of it, so that workers which lost the same broker do not come back at once.
    mutating func jittered(_ delay: Duration) -> Duration {
        let half = delay / 2
        return half + .nanoseconds(Int64.random(in: 0...max(0, half.saturatedNanoseconds), using: &self.generator))
    }
}

extension [Int] {
    /// A small set with an order.
    mutating func insertOnce(_ element: Int) {
        if !self.contains(element) { self.append(element) }
    }
}
