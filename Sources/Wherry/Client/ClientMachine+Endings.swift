import WherryCore
import WherryWire

/// Deadlines, cancellation, fences, and the end of a handle.
extension ClientMachine {
    /// An entry's alarm went off.
    mutating func wake(_ handle: Handle, now: MonotonicInstant) {
        guard let entry = self.entries[handle] else { return }
        self.store(handle, entry)  // sets the alarm anew, for whatever stays undone below
        if case .fencing(let fencing) = entry.phase {
            if fencing.giveUpAt <= now {
                self.complete(handle, .undecided(reason: self.fenceProblem(entry)), now: now)
            } else if fencing.nextTry <= now {
                self.sendFence(handle, now: now)
            }
        } else if entry.submission.deadline <= now {
            self.expire(handle, now: now)
        } else if let due = entry.cancelFenceAt, due <= now {
            self.startFence(handle, .cancelled, now: now)
        } else if entry.nextCheck <= now {
            self.check(handle, entry, now: now)
        }
    }

    /// No news for a while: the replica may know, and the broker is asked whether it holds the job.
    private mutating func check(_ handle: Handle, _ entry: Entry, now: MonotonicInstant) {
        guard let holder = entry.holder else { return }
        var entry = entry
        let silence = now - max(entry.lastNews, self.links[holder.index].resumedAt)
        if silence < self.configuration.acknowledgementTimeout {
            entry.nextCheck = now + (self.configuration.acknowledgementTimeout - silence)
            self.store(handle, entry)
            return
        }
        var isDue = silence >= self.configuration.statusInterval
        if case .sent = entry.phase { isDue = true }
        if isDue { self.askStatus(holder, now: now) }
        entry.nextCheck = now + (isDue ? self.configuration.statusInterval : self.configuration.statusInterval - silence)
        if case .sent = entry.phase { entry.nextCheck = now + self.configuration.acknowledgementTimeout }
        self.store(handle, entry)
        self.watchReceipt(handle)
    }

    /// The caller's deadline has come.
    mutating func expire(_ handle: Handle, now: MonotonicInstant) {
        guard let entry = self.entries[handle] else { return }
        if let reply = entry.committed {
            let error = ReplayError(.timedOut, "committed, but the local server had not shown it by the deadline")
            self.complete(handle, .notVisible(reply, error), now: now)
        } else {
            self.giveUp(handle, entry, .expired, now: now)
        }
    }

    /// The caller gives up.
    mutating func cancel(_ handle: Handle, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        switch entry.phase {
        case .proving:
            guard let reply = entry.committed else { return }
            let error = ReplayError(.cancelled, "committed, but the caller gave up waiting for the local server to show it")
            self.complete(handle, .notVisible(reply, error), now: now)
        case .waiting: self.giveUp(handle, entry, .cancelled, now: now)
        case .fencing: break
        case .sent(let link, _), .held(let link):
            guard entry.cancelFenceAt == nil, let id = entry.identity?.id else { return }
            self.send(.cancel(id), via: link, now: now)
            if entry.isRunning {
                self.startFence(handle, .cancelled, now: now)
            } else {
                // If it is still queued there, the broker's word is enough.
                entry.cancelFenceAt = now + self.configuration.acknowledgementTimeout
                self.store(handle, entry)
            }
        }
    }

    /// Ends a job that has not committed as far as the client knows: at once if no copy can ever run, by a fence otherwise.
    private mutating func giveUp(_ handle: Handle, _ entry: Entry, _ kind: Outcome, now: MonotonicInstant) {
        if entry.copies == 0 {
            self.complete(handle, .neverSent(wasCancelled: kind == .cancelled, reason: self.whyNotSent), now: now)
        } else if let hint = entry.finalHint, case .waiting = entry.phase {
            self.complete(handle, .refused(hint), now: now)
        } else {
            self.startFence(handle, kind, now: now)
        }
    }

    /// Jobs that run in this process cannot, or can again.
    mutating func troubled(_ reason: String?, isFinal: Bool, now: MonotonicInstant) {
        self.trouble = reason.map { ($0, isFinal) }
        guard let reason, isFinal else { return }
        for handle in self.entries.keys.sorted() where self.entries[handle]?.copies == 0 {
            self.complete(handle, .rejected(.unusable(reason: reason)), now: now)
        }
    }

    // MARK: Fences

    mutating func startFence(_ handle: Handle, _ kind: Outcome, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        self.release(handle, entry)
        entry.fenceAsked = true
        entry.cancelFenceAt = nil
        entry.phase = .fencing(Entry.Fencing(kind: kind, nextTry: now, giveUpAt: now + self.configuration.fenceTimeout))
        self.store(handle, entry)
        self.fencing.insert(handle)
        self.watchReceipt(handle)
        self.sendFence(handle, now: now)
    }

    /// Asks for the receipt, by turns through the broker that the job went to and another. Asking twice does no harm.
    mutating func sendFence(_ handle: Handle, now: MonotonicInstant) {
        guard var entry = self.entries[handle], case .fencing(var fencing) = entry.phase, let job = entry.identity else { return }
        let last = entry.lastLink.flatMap { self.links[$0.index].isReady ? $0 : nil }
        let other = self.links.indices.first { self.links[$0].isReady && $0 != last?.index }.map { LinkID(index: $0) }
        if let link = fencing.tries.isMultiple(of: 2) ? last ?? other : other ?? last {
            fencing.tries += 1
            fencing.nextTry = now + self.configuration.acknowledgementTimeout
            self.send(.fence(Fence(job: job, kind: fencing.kind, epoch: self.newestEpoch)), via: link, now: now)
        } else {
            fencing.nextTry = fencing.giveUpAt  // a link that becomes ready sends it
        }
        entry.phase = .fencing(fencing)
        self.store(handle, entry)
    }

    private func fenceProblem(_ entry: Entry) -> String {
        let problem = entry.lastProblem.map { " (last heard: \($0))" } ?? ""
        return "no answer to the fence within \(self.configuration.fenceTimeout)\(problem); \(self.whyNotSent)"
    }

    /// What keeps jobs from being sent, for messages.
    var whyNotSent: String {
        if self.links.isEmpty { return "no broker is configured" }
        if let trouble { return trouble.reason }
        if self.isConnected {
            return self.newestEpoch == nil || self.clock == nil
                ? "brokers answer, but no worker has reported its primary to them yet" : "brokers answer"
        }
        return self.links.map { "\($0.endpoint): \($0.problem ?? "no answer yet")" }.joined(separator: "; ")
    }

    // MARK: The end

    /// Takes a job off the queues and off its broker's list.
    mutating func release(_ handle: Handle, _ entry: Entry) {
        self.unqueue(handle)
        self.fencing.remove(handle)
        if let link = entry.lastLink { self.links[link.index].outstanding.remove(handle) }
    }

    /// Ends a handle, and leaves nothing of it behind.
    mutating func complete(_ handle: Handle, _ completion: Completion, now: MonotonicInstant) {
        guard let entry = self.entries.removeValue(forKey: handle) else { return }
        self.release(handle, entry)
        self.wakes.remove(handle)
        if let id = entry.identity?.id { self.byID[id] = nil }
        switch entry.watching {
        case .receipt, .proof: self.output.append(.unwatch(handle))
        case .nothing, .refused: break
        }
        self.output.append(.complete(handle, completion, entry.timings(now: now)))
    }
}
