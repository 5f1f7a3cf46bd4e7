import WherryCore
import WherryJobs
import WherryWire

/// What brokers, workers and the replica say of a job.
extension ClientMachine {
    // MARK: Acknowledgements

    mutating func queued(_ queued: Queued, from link: LinkID, now: MonotonicInstant) {
        guard let handle = self.byID[queued.id], var entry = self.entries[handle] else { return }
        if queued.duplicate { entry.duplicateMet = true }
        self.acknowledge(handle, entry, by: link, now: now)
    }

    mutating func running(_ running: Running, from link: LinkID, now: MonotonicInstant) {
        guard let handle = self.byID[running.id], var entry = self.entries[handle] else { return }
        entry.attempts = max(entry.attempts, running.attempts)
        if entry.holder == link {
            entry.isRunning = true
            entry.progress.running()
        }
        self.acknowledge(handle, entry, by: link, now: now)
    }

    private mutating func acknowledge(_ handle: Handle, _ entry: Entry, by link: LinkID, now: MonotonicInstant) {
        var entry = entry
        entry.lastNews = now
        if entry.holder == link {
            entry.phase = .held(via: link)
            entry.nextCheck = now + self.configuration.acknowledgementTimeout
            entry.fenceReason = nil
        }
        self.store(handle, entry)
    }

    // MARK: Refusals

    mutating func refused(_ refused: Refused, from link: LinkID, now: MonotonicInstant) {
        if refused.code == .wrongEpoch, let epoch = refused.epoch { self.learn(epoch, now: now) }
        guard let handle = self.byID[refused.id], var entry = self.entries[handle] else { return }
        entry.lastNews = now
        entry.lastProblem = "\(refused.code.rawValue): \(refused.message)"
        self.store(handle, entry)
        // Whoever says so has compared the id with a receipt that stands: no copy of this job can ever commit.
        if refused.code == .idConflict, entry.committed == nil {
            self.complete(handle, .refused(refused), now: now)
            return
        }
        switch (entry.phase, refused.subject) {
        case (.fencing(let fencing), .fence): self.fenceRefused(handle, refused, fencing, now: now)
        case (.sent(link, _), .request), (.held(link), .request): self.handedBack(handle, entry, refused, now: now)
        default: break  // of a copy that no longer counts
        }
    }

    private mutating func handedBack(_ handle: Handle, _ entry: Entry, _ refused: Refused, now: MonotonicInstant) {
        if entry.isRegionJob { return self.regionJobHandedBack(handle, entry, refused, now: now) }
        let isFinal = entry.isFinal(refused)
        switch refused.code {
        case .wrongEpoch:
            // With a newer epoch learned it can go at once; a primary that is behind will take a while to be found stale.
            let isLearned = refused.epoch == self.newestEpoch && entry.lastEpoch != self.newestEpoch
            self.resend(handle, after: isLearned ? .zero : nil, now: now)
        case .overloaded:
            let delay = min(max(refused.retryAfter ?? self.configuration.minimumResendDelay, .milliseconds(1)), .seconds(60))
            if isFinal, now + delay >= entry.submission.deadline {
                self.complete(handle, .refused(refused), now: now)
                return
            }
            var entry = entry
            entry.finalHint = isFinal ? refused : nil
            self.store(handle, entry)
            self.resend(handle, after: delay, now: now)
        case .drained, .unavailable, .unrecognized:
            var entry = entry
            entry.finalHint = isFinal ? refused : nil
            self.store(handle, entry)
            self.resend(handle, after: refused.retryAfter.map { min(max($0, .milliseconds(1)), .seconds(60)) }, now: now)
        case .unknownJob where self.waitsForOffer(entry):
            self.awaitOffer(handle, entry, refused, isFinal: isFinal, now: now)
        case .outcomeNoLongerKnown:
            self.complete(handle, .refused(refused), now: now)
        case .clockSkew:
            // No copy can commit by this clock now; a second copy might, later.
            if entry.copies == 1, !entry.fenceAsked {
                self.complete(handle, .refused(refused), now: now)
            } else {
                self.resend(handle, now: now)
            }
        case .expired, .cancelled, .unknownJob, .tooLarge, .malformed, .idConflict, .regionJobLost:
            if isFinal {
                self.complete(handle, .refused(refused), now: now)
            } else {
                var entry = entry
                if ![.expired, .cancelled].contains(refused.code) { entry.fenceReason = refused }
                self.store(handle, entry)
                self.startFence(handle, refused.code == .expired ? .expired : .cancelled, now: now)
            }
        }
    }

    /// Whether a job waits for a worker that has a handler for it. No deploy brings what is switched off.
    func waitsForOffer(_ entry: Entry) -> Bool {
        self.configuration.waitsForUnknownJobs && entry.submission.name != ExecuteStatement.name
    }

    /// No worker has a handler for the job. A deploy may bring one, or another broker have one, so it is sent again until its deadline; that this
    /// is what it waits for is said once for each name.
    mutating func awaitOffer(_ handle: Handle, _ entry: Entry, _ refused: Refused, isFinal: Bool, now: MonotonicInstant) {
        var entry = entry
        entry.finalHint = isFinal ? refused : nil
        entry.fenceReason = refused
        self.store(handle, entry)
        if self.unofferedNames.count < Self.maximumUnofferedNames, self.unofferedNames.insert(entry.submission.name).inserted {
            self.output.append(.note(.unoffered(name: entry.submission.name, reason: refused.message)))
        }
        self.resend(handle, atMost: self.configuration.maximumUnknownJobDelay, now: now)
    }

    private mutating func fenceRefused(_ handle: Handle, _ refused: Refused, _ fencing: Entry.Fencing, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        var fencing = fencing
        switch refused.code {
        case .outcomeNoLongerKnown where entry.committed == nil:
            self.complete(handle, .refused(refused), now: now)
            return
        case .wrongEpoch where refused.epoch == self.newestEpoch: fencing.nextTry = now
        case .wrongEpoch, .overloaded, .unavailable, .drained, .clockSkew:
            let delay = min(max(refused.retryAfter ?? .milliseconds(250), .milliseconds(100)), .seconds(1))
            fencing.nextTry = max(fencing.nextTry, now + delay)
        default: return  // it is asked again in a second
        }
        entry.phase = .fencing(fencing)
        self.store(handle, entry)
    }

    // MARK: Outcomes

    mutating func answered(_ reply: Reply, from link: LinkID, now: MonotonicInstant) {
        self.learn(reply.token.epoch, now: now)
        guard let handle = self.byID[reply.id], let entry = self.entries[handle] else { return }
        if entry.isRegionJob { return self.settleRegionJob(handle, reply, now: now) }
        guard self.isCurrent(reply.token.epoch) else {
            // An answer of an older history, or a foreign one, proves nothing; but its sender is done with the job.
            self.links[link.index].outstanding.remove(handle)
            if entry.holder == link { self.redeliver(handle, now: now) }
            return
        }
        self.settle(handle, reply, now: now)
    }

    /// Whether something said in that epoch counts.
    func isCurrent(_ epoch: Epoch) -> Bool {
        guard let newest = self.newestEpoch else { return true }
        return epoch.relation(to: newest) == .same
    }

    private mutating func settle(_ handle: Handle, _ reply: Reply, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        if let told = entry.committed, reply.token.epoch == told.token.epoch {
            if reply.outcome != .committed { self.output.append(.note(.contradiction(reply.id))) }
            return
        }
        entry.repliedAt = entry.repliedAt ?? now
        if entry.legs.isEmpty { entry.legs = reply.timings }
        self.store(handle, entry)
        guard reply.outcome == .committed else {
            self.complete(handle, entry.ending(by: reply), now: now)
            return
        }
        let isFirst = entry.committed == nil
        entry.committed = reply
        if isFirst { self.output.append(.committed(handle, reply, entry.timings(now: now))) }
        self.prove(handle, entry, now: now)
    }

    /// Committed: from now on the replica is awaited.
    private mutating func prove(_ handle: Handle, _ entry: Entry, now: MonotonicInstant) {
        guard let reply = entry.committed else { return }
        var entry = entry
        self.release(handle, entry)
        entry.phase = .proving
        entry.cancelFenceAt = nil
        self.store(handle, entry)
        if self.configuration.readsFromPrimary {
            self.complete(handle, .visible(reply), now: now)
            return
        }
        self.watch(handle, .proof(reply.id, reply.token))
        if entry.submission.deadline <= now { self.expire(handle, now: now) }
    }

    // MARK: The replica

    mutating func judged(_ handle: Handle, _ verdict: ReplayVerdict, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        entry.watching = .nothing
        self.store(handle, entry)
        switch verdict {
        case .receipt(let receipt, let seen):
            self.learn(seen.epoch, now: now)
            if self.isCurrent(seen.epoch) {
                self.found(handle, receipt, seen: seen, now: now)
            } else if let reply = entry.committed {
                self.watch(handle, .proof(reply.id, reply.token))
            } else {
                self.watchReceipt(handle)
            }
        case .superseded(let epoch):
            // The replica is in a newer history, and the receipt is not: only a receipt there can say that the job is lost.
            self.learn(epoch, now: now)
            guard entry.committed != nil else { return }
            self.startFence(handle, .lost, now: now)
        case .failed(let error):
            if case .proving = entry.phase, let reply = entry.committed {
                self.complete(handle, .notVisible(reply, error), now: now)
            } else {
                entry.watching = .refused
                self.store(handle, entry)
            }
        case .reached: break
        }
    }

    private mutating func found(_ handle: Handle, _ receipt: Receipt, seen: CausalToken, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        guard entry.owns(receipt) else {
            let refused = Refused(
                id: receipt.id,
                code: .idConflict,
                message: "the receipt of this id belongs to another job",
                incarnation: [],
                neverDispatched: false
            )
            self.complete(handle, .refused(refused), now: now)
            return
        }
        let reply = Reply(
            id: receipt.id,
            outcome: receipt.outcome,
            token: seen,
            fromReceipt: true,
            failure: receipt.failure,
            contentType: receipt.contentType,
            payload: receipt.payload
        )
        guard receipt.outcome == .committed else {
            self.complete(handle, entry.ending(by: reply), now: now)
            return
        }
        if entry.committed == nil {
            entry.committed = reply
            entry.repliedAt = entry.repliedAt ?? now
            self.store(handle, entry)
            self.output.append(.committed(handle, reply, entry.timings(now: now)))
        }
        self.complete(handle, .visible(entry.committed ?? reply), now: now)
    }

    /// The second way home.
    mutating func watchReceipt(_ handle: Handle) {
        guard let entry = self.entries[handle], case .nothing = entry.watching, entry.copies > 0, !entry.isRegionJob,
            let id = entry.identity?.id
        else { return }
        self.watch(handle, .receipt(id))
    }

    private mutating func watch(_ handle: Handle, _ condition: ReplayCondition) {
        guard var entry = self.entries[handle] else { return }
        switch entry.watching {
        case .receipt, .proof: self.output.append(.unwatch(handle))
        case .nothing, .refused: break
        }
        if case .proof = condition { entry.watching = .proof } else { entry.watching = .receipt }
        self.store(handle, entry)
        self.output.append(.watch(handle, condition))
    }
}
