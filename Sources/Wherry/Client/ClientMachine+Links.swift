import WherryCore
import WherryWire

/// The links to the brokers: opening, greeting, heartbeats, liveness.
extension ClientMachine {
    /// Does what is due on a link.
    mutating func tend(_ id: LinkID, now: MonotonicInstant) {
        let link = self.links[id.index]
        if link.isRetiring, link.outstanding.isEmpty || !link.isOpen { return self.retire(id, now: now) }
        switch link.state {
        case .closed: break
        case .down(let retryAt):
            guard retryAt <= now else { return }
            self.links[id.index].state = .greeting
            self.links[id.index].lastHeard = now
            self.links[id.index].awaitsWelcome = false
            self.output.append(.openLink(id, endpoint: link.endpoint))
            self.greet(id, now: now)
        case .greeting, .ready:
            if link.lastHeard + link.liveness(self.configuration) <= now {
                self.lose(id, reason: "no answer for \(link.liveness(self.configuration))", now: now)
                return
            }
            if let due = link.helloDue, due <= now { self.greet(id, now: now) }
            if link.isReady, self.links[id.index].lastSent + link.interval <= now {
                self.send(.heartbeat(Heartbeat()), via: id, now: now)
            }
        }
    }

    /// Says HELLO, which also asks which of these jobs the broker holds.
    private mutating func greet(_ id: LinkID, now: MonotonicInstant) {
        let outstanding = self.links[id.index].outstanding.sorted().compactMap { self.entries[$0]?.identity?.id }
        self.links[id.index].helloSentAt = now
        self.links[id.index].awaitsWelcome = true
        // While greeting, HELLO is said again and again: it costs nothing, and a broker that has just started has not heard the first.
        self.links[id.index].helloDue = self.links[id.index].isReady ? nil : now + self.configuration.acknowledgementTimeout
        // As many HELLOs as it takes to name them all.
        let most = self.configuration.maximumIDsPerHello
        for start in stride(from: 0, to: max(outstanding.count, 1), by: most) {
            let role = Hello.Role.client(outstanding: Array(outstanding[start..<min(start + most, outstanding.count)]))
            let hello = Hello(role: role, incarnation: self.incarnation(for: id), region: self.configuration.region)
            self.send(.hello(hello), via: id, now: now)
        }
    }

    /// Asks a broker what it holds, once a second at most.
    mutating func askStatus(_ id: LinkID, now: MonotonicInstant) {
        let link = self.links[id.index]
        guard link.isOpen else { return }
        let earliest = link.helloSentAt.map { max(now, $0 + self.configuration.acknowledgementTimeout) } ?? now
        self.links[id.index].helloDue = min(link.helloDue ?? earliest, earliest)
    }

    mutating func send(_ message: Message, via id: LinkID, now: MonotonicInstant) {
        self.links[id.index].lastSent = now
        self.output.append(.send(message, via: id))
    }

    /// Gives a link up. What its broker holds is to be sent again, elsewhere if possible.
    ///
    /// - Parameter isGone: its broker has left for good; otherwise it may come back.
    private mutating func lose(
        _ id: LinkID, reason: String, isGone: Bool = false, atLeast minimum: Duration = .zero, now: MonotonicInstant
    ) {
        guard self.links[id.index].isOpen else { return }
        let doubled = self.configuration.minimumReconnectDelay * (1 << min(self.links[id.index].failures, 16))
        let delay = max(minimum, min(doubled, self.configuration.maximumReconnectDelay)) * Double.random(in: 0.5...1, using: &self.random)
        self.links[id.index].state = .down(retryAt: now + delay)
        self.links[id.index].failures += 1
        self.links[id.index].helloDue = nil
        self.links[id.index].blockedUntil = nil
        self.links[id.index].problem = reason
        self.output.append(.closeLink(id))
        self.output.append(.note(.linkLost(id, reason: reason)))
        for handle in self.links[id.index].outstanding.sorted() where self.entries[handle]?.holder == id {
            // It stays among this link's outstanding jobs: if the broker comes back first and still holds it, nothing is sent.
            self.holderLost(handle, isGone: isGone, now: now)
        }
        self.directory.lost(self.links[id.index].endpoint, now: now)
    }

    // MARK: What brokers say of themselves

    mutating func received(_ message: Message, from id: LinkID, now: MonotonicInstant) {
        guard self.links.indices.contains(id.index), self.links[id.index].isOpen else { return }
        self.links[id.index].lastHeard = now
        switch message {
        case .welcome(let welcome): self.welcome(welcome, from: id, now: now)
        case .heartbeat(let heartbeat): self.learn(heartbeat.primary, now: now)
        case .disconnect(let disconnect): self.disconnected(disconnect, from: id, now: now)
        case .queued(let queued): self.queued(queued, from: id, now: now)
        case .running(let running): self.running(running, from: id, now: now)
        case .partial(let partial): self.progressed(partial, from: id, now: now)
        case .refused(let refused): self.refused(refused, from: id, now: now)
        case .reply(let reply), .outcome(let reply): self.answered(reply, from: id, now: now)
        case .position(let position): self.answered(position, now: now)
        case .hello, .credit, .request, .cancel, .fence, .positionRequest: self.output.append(.note(.unexpected(id)))
        }
    }

    private mutating func welcome(_ welcome: Welcome, from id: LinkID, now: MonotonicInstant) {
        if let region = self.links[id.index].target.region, region != welcome.region {
            // A job for one region must not run in another.
            let reason = "it stands in \(welcome.region), not in \(region): correct the broker's entry"
            return self.lose(id, reason: reason, atLeast: self.configuration.maximumReconnectDelay, now: now)
        }
        let wasReady = self.links[id.index].isReady
        let answersHello = self.links[id.index].awaitsWelcome
        let helloSentAt = self.links[id.index].helloSentAt ?? now
        self.links[id.index].state = .ready(incarnation: welcome.incarnation)
        // What a broker says is held within reason: neither a flood of heartbeats nor a link that is never found dead.
        self.links[id.index].interval = min(max(welcome.heartbeatInterval, .milliseconds(20)), .seconds(60))
        self.links[id.index].failures = 0
        self.links[id.index].problem = nil
        self.links[id.index].awaitsWelcome = false
        if !wasReady {
            self.links[id.index].helloDue = nil
            self.output.append(.note(.linkReady(id)))
        }
        self.learn(welcome.primary, now: now)

        let disowned = Set(welcome.disowned.compactMap { self.byID[$0] })
        for handle in disowned.sorted() where self.links[id.index].outstanding.contains(handle) {
            guard let entry = self.entries[handle] else { continue }
            if case .sent(_, let at) = entry.phase, at > helloSentAt { continue }  // sent after the question
            self.links[id.index].outstanding.remove(handle)
            if entry.holder == id || entry.isOrphan(of: id) { self.holderLost(handle, isGone: true, now: now) }
        }
        if answersHello {
            for handle in self.links[id.index].outstanding.sorted() where !disowned.contains(handle) {
                self.adopt(handle, by: id, askedAt: helloSentAt, now: now)
            }
        }
        if !wasReady {
            for handle in self.fencing.sorted() { self.sendFence(handle, now: now) }
        }
    }

    /// A broker that was asked did not disown the job: it holds it.
    private mutating func adopt(_ handle: Handle, by id: LinkID, askedAt: MonotonicInstant, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        switch entry.phase {
        case .sent(let link, let at) where link == id && at <= askedAt: break
        case .waiting where entry.lastLink == id, .orphaned where entry.lastLink == id: break
        default: return
        }
        self.unqueue(handle)
        entry.phase = .held(via: id)
        entry.lastNews = now
        entry.nextCheck = now + self.configuration.acknowledgementTimeout
        self.store(handle, entry)
    }

    private mutating func disconnected(_ disconnect: Disconnect, from id: LinkID, now: MonotonicInstant) {
        switch disconnect.reason {
        case .unknownPeer:
            // The broker has forgotten us, or is a new one behind the same address: HELLO on the same socket, at once but not in a circle.
            let last = self.links[id.index].helloSentAt ?? .zero
            self.links[id.index].state = .greeting
            self.links[id.index].helloDue = max(now, last + .milliseconds(100))
        case .leaving:
            self.lose(id, reason: "the broker shut down", isGone: true, now: now)
        case .unsupportedVersion, .malformed, .denied, .unrecognized:
            self.lose(
                id,
                reason: "\(disconnect.reason.rawValue): \(disconnect.message)",
                atLeast: self.configuration.maximumReconnectDelay,
                now: now
            )
        }
    }

    /// ZeroMQ did not take a message.
    mutating func notSent(_ message: Message, via id: LinkID, now: MonotonicInstant) {
        guard self.links.indices.contains(id.index), self.links[id.index].isOpen else { return }
        let retryAt = now + .milliseconds(10)
        switch message {
        case .hello:
            self.links[id.index].awaitsWelcome = false
            self.links[id.index].helloDue = retryAt
        case .request(let request):
            self.links[id.index].blockedUntil = retryAt
            guard let handle = self.byID[request.job.id], var entry = self.entries[handle], case .sent(id, _) = entry.phase else { return }
            self.links[id.index].outstanding.remove(handle)
            entry.copies -= 1
            if entry.copies == 0 {
                entry.firstIncarnation = nil
                entry.firstSentAt = nil
            }
            entry.phase = .waiting
            self.store(handle, entry)
            self.lanes[entry.lane, default: SendQueues()].first.set(handle, to: QueueKey(time: now, handle: handle))
        case .fence(let fence):
            guard let handle = self.byID[fence.job.id], var entry = self.entries[handle], case .fencing(var fencing) = entry.phase else {
                return
            }
            fencing.nextTry = now + .milliseconds(100)
            entry.phase = .fencing(fencing)
            self.store(handle, entry)
        default: break
        }
    }

    // MARK: Epochs

    private mutating func learn(_ primary: PrimaryStatus?, now: MonotonicInstant) {
        guard let primary else { return }
        self.learn(primary.epoch, now: now)
        guard primary.epoch == self.newestEpoch else { return }
        let isFirst = self.clock == nil
        self.clock = PrimaryClock(unixMilliseconds: primary.unixMilliseconds, at: now)
        guard isFirst else { return }
        for handle in self.entries.keys.sorted() { self.identify(handle, now: now) }
    }

    /// Takes note of an epoch. Only a newer one changes anything; a fork, or another system, is never followed.
    mutating func learn(_ epoch: Epoch, now: MonotonicInstant) {
        switch self.newestEpoch.map({ epoch.relation(to: $0) }) ?? .newer {
        case .newer:
            self.newestEpoch = epoch
            self.output.append(.learned(epoch))
            for handle in self.fencing.sorted() { self.sendFence(handle, now: now) }
        case .same, .older: break
        case .fork, .otherSystem: self.output.append(.note(.foreignEpoch(epoch)))
        }
    }
}
