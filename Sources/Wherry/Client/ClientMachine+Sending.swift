import WherryCore
import WherryWire

/// From submission to a broker.
extension ClientMachine {
    mutating func submit(_ handle: Handle, _ submission: Submission, now: MonotonicInstant) {
        precondition(self.entries[handle] == nil, "a handle is used once")
        let rejection: Rejection?
        switch self.life {
        case .draining, .closed: rejection = .closed
        case .new, .running:
            if submission.arguments.count > self.configuration.maximumArgumentBytes {
                rejection = .tooLarge(limit: self.configuration.maximumArgumentBytes)
            } else if self.entries.count >= self.configuration.maximumPendingJobs {
                rejection = .overloaded(limit: self.configuration.maximumPendingJobs)
            } else if case .region(let call) = submission.target, !self.regions.contains(call.region) {
                rejection = .unknownRegion(call.region, known: self.regions)
            } else if submission.regionCall == nil, let trouble = self.trouble, trouble.isFinal {
                rejection = .unusable(reason: trouble.reason)
            } else {
                rejection = nil
            }
        }
        if let rejection {
            self.output.append(.complete(handle, .rejected(rejection), JobTimings()))
            return
        }
        let entry = Entry(submission: submission, submittedAt: now)
        self.store(handle, entry)
        self.lanes[entry.lane, default: SendQueues()].first.set(handle, to: QueueKey(time: now, handle: handle))
        self.identify(handle, now: now)
    }

    /// Gives a job its id, once the primary's clock is known. A region job can do without that: nobody keeps a receipt of it.
    mutating func identify(_ handle: Handle, now: MonotonicInstant) {
        guard var entry = self.entries[handle], entry.identity == nil else { return }
        let submission = entry.submission
        guard let time = self.clock?.now(now) ?? submission.regionCall?.unixMilliseconds else { return }
        let id = JobID(unixMilliseconds: time, using: &self.random)
        entry.identity = JobIdentity(
            id: id,
            name: submission.name,
            version: submission.version,
            digest: submission.digest,
            scope: self.configuration.scope
        )
        self.byID[id] = handle
        self.store(handle, entry)
        self.output.append(.identified(handle, id))
    }

    /// Puts an entry back into the table, with its alarm set. The only way to change one.
    mutating func store(_ handle: Handle, _ entry: Entry) {
        self.entries[handle] = entry
        self.wakes.set(handle, to: entry.wake)
    }

    mutating func unqueue(_ handle: Handle) {
        guard let lane = self.entries[handle]?.lane else { return }
        self.unqueue(handle, from: lane)
    }

    mutating func unqueue(_ handle: Handle, from lane: Lane) {
        self.lanes[lane]?.first.remove(handle)
        self.lanes[lane]?.again.remove(handle)
    }

    // MARK: Queues

    /// Write jobs go once the newest epoch and the primary's clock are known; region jobs do not need them.
    private func isOpen(_ lane: Lane) -> Bool {
        switch lane {
        case .primary: self.newestEpoch != nil && self.clock != nil
        case .region: true
        }
    }

    /// When a queued job can go next, if nothing but time keeps it.
    var nextSendTime: MonotonicInstant? {
        self.lanes.compactMap { self.nextSendTime(in: $0, $1) }.min()
    }

    private func nextSendTime(in lane: Lane, _ queues: SendQueues) -> MonotonicInstant? {
        guard self.isOpen(lane) else { return nil }
        let first = queues.first.min?.key.time
        // Without a token in the budget the time is a guess; the pump asks the budget again.
        let again = queues.again.min.map { max($0.key.time, self.budget.nextToken(pending: self.entries.count, now: .zero)) }
        guard let next = [first, again].compactMap({ $0 }).min() else { return nil }
        let room = self.links.filter { self.hasRoom($0, for: lane) }
        guard !room.isEmpty else { return nil }
        let free = room.contains { $0.blockedUntil == nil } ? nil : room.compactMap(\.blockedUntil).min()
        return max(next, free ?? next)
    }

    /// Sends what may go.
    mutating func pump(now: MonotonicInstant) {
        for index in self.links.indices where self.links[index].blockedUntil.map({ $0 <= now }) ?? false {
            self.links[index].blockedUntil = nil
        }
        // One lane as a rule. Sorted, so that nothing depends on chance.
        for lane in self.lanes.count > 1 ? self.lanes.keys.sorted() : Array(self.lanes.keys) where self.isOpen(lane) {
            self.pump(lane, now: now)
        }
    }

    private mutating func pump(_ lane: Lane, now: MonotonicInstant) {
        while let (handle, key) = self.lanes[lane]?.first.min, key.time <= now, let link = self.pickLink(for: handle, lane) {
            self.lanes[lane]?.first.remove(handle)
            self.sendRequest(handle, via: link, now: now)
        }
        while let (handle, key) = self.lanes[lane]?.again.min, key.time <= now, let link = self.pickLink(for: handle, lane) {
            guard self.budget.take(pending: self.entries.count, now: now) else { break }
            self.lanes[lane]?.again.remove(handle)
            self.sendRequest(handle, via: link, now: now)
        }
    }

    private func hasRoom(_ link: Link, for lane: Lane) -> Bool {
        link.isReady && !link.isRetiring && self.serves(link, lane)
            && link.outstanding.count < self.configuration.maximumOutstandingPerBroker
    }

    /// The ready broker that holds the fewest of our jobs; for a job sent before, another one than last time if there is one.
    private func pickLink(for handle: Handle, _ lane: Lane) -> LinkID? {
        let last = self.entries[handle].flatMap { $0.copies > 0 ? $0.lastLink : nil }
        let candidates = self.links.indices.filter { self.links[$0].blockedUntil == nil && self.hasRoom(self.links[$0], for: lane) }
        let others = candidates.filter { $0 != last?.index }
        return (others.isEmpty ? candidates : others).min { self.links[$0].outstanding.count < self.links[$1].outstanding.count }
            .map { LinkID(index: $0) }
    }

    private mutating func sendRequest(_ handle: Handle, via link: LinkID, now: MonotonicInstant) {
        guard var entry = self.entries[handle], let job = entry.identity else { return }
        if let last = entry.lastLink { self.links[last.index].outstanding.remove(handle) }
        if entry.copies == 0 {
            entry.firstIncarnation = self.links[link.index].incarnation
            entry.firstSentAt = now
            self.budget.earn()
        }
        let request = Request(
            job: job,
            contentType: entry.submission.contentType,
            remaining: max(.zero, entry.submission.deadline - now),
            redelivered: entry.copies > 0,
            attempts: entry.attempts,
            epoch: self.newestEpoch,
            traceContext: entry.submission.traceContext,
            key: entry.submission.key,
            waitFor: entry.submission.regionCall?.waitFor,
            isRegionJob: entry.isRegionJob,
            arguments: entry.submission.arguments
        )
        entry.copies += 1
        entry.finalHint = nil
        entry.isRunning = false
        entry.lastSentAt = now
        entry.lastNews = now
        entry.lastLink = link
        entry.lastEpoch = self.newestEpoch
        entry.phase = .sent(via: link, at: now)
        entry.nextCheck = now + self.configuration.acknowledgementTimeout
        self.links[link.index].outstanding.insert(handle)
        self.store(handle, entry)
        self.send(.request(request), via: link, now: now)
    }

    /// A copy's holder is dead or disowns it: another one, within the budget, and a look at the replica meanwhile.
    mutating func redeliver(_ handle: Handle, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        if entry.cancelFenceAt != nil {
            self.startFence(handle, .cancelled, now: now)
            return
        }
        entry.phase = .waiting
        let time = now + self.resendDelay(after: entry.returns)
        entry.returns += 1
        self.store(handle, entry)
        self.lanes[entry.lane, default: SendQueues()].again.set(handle, to: QueueKey(time: time, handle: handle))
        self.watchReceipt(handle)
    }

    /// A copy was handed back by its holder: another one when that is due, free of the budget, for no other copy is out there by this.
    mutating func resend(_ handle: Handle, after delay: Duration? = nil, atMost maximum: Duration? = nil, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        if let link = entry.lastLink { self.links[link.index].outstanding.remove(handle) }
        if entry.cancelFenceAt != nil {
            self.startFence(handle, .cancelled, now: now)
            return
        }
        entry.phase = .waiting
        let pause = delay.map { $0 * Double.random(in: 1...1.25, using: &self.random) } ?? self.resendDelay(after: entry.returns)
        let time = now + min(pause, maximum ?? pause)
        entry.returns += 1
        self.store(handle, entry)
        self.lanes[entry.lane, default: SendQueues()].first.set(handle, to: QueueKey(time: time, handle: handle))
    }

    private mutating func resendDelay(after returns: Int) -> Duration {
        let doubled = self.configuration.minimumResendDelay * (1 << min(returns, 16))
        return min(doubled, self.configuration.maximumResendDelay) * Double.random(in: 0.5...1, using: &self.random)
    }
}
