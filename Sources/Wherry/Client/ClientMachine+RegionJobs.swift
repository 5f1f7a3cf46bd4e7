import WherryCore
import WherryWire

/// What is different for region jobs: no receipts, hence no fences and no proof, and at most one copy unless the job is idempotent.
extension ClientMachine {
    /// The broker that held a job is silent, gone, or says that it does not hold it.
    mutating func holderLost(_ handle: Handle, isGone: Bool, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        guard let call = entry.submission.regionCall, !call.isIdempotent else { return self.redeliver(handle, now: now) }
        if isGone {
            self.complete(handle, .regionJobEnded(.lost(reason: self.whyLost(entry))), now: now)
        } else {
            entry.phase = .orphaned(until: now + self.configuration.regionJobGrace)
            self.store(handle, entry)
        }
    }

    func whyLost(_ entry: Entry) -> String {
        let broker = entry.lastLink.map { self.links[$0.index] }
        let problem = broker?.problem.map { " (\($0))" } ?? ""
        return "the broker \(broker?.endpoint ?? "that it was sent to") does not have it any more\(problem)"
    }

    /// A copy was not run, unless the refusal says that it was lost.
    mutating func regionJobHandedBack(_ handle: Handle, _ entry: Entry, _ refused: Refused, now: MonotonicInstant) {
        guard let call = entry.submission.regionCall else { return }
        switch refused.code {
        case .overloaded, .drained, .unavailable, .unrecognized:
            let delay = refused.retryAfter.map { min(max($0, .milliseconds(1)), .seconds(60)) }
            if let delay, now + delay >= entry.submission.deadline {
                self.complete(handle, .refused(refused), now: now)
                return
            }
            var entry = entry
            entry.finalHint = refused
            self.store(handle, entry)
            self.resend(handle, after: delay, now: now)
        case .unknownJob where self.waitsForOffer(entry):
            self.awaitOffer(handle, entry, refused, isFinal: true, now: now)
        case .regionJobLost where call.isIdempotent:
            if let link = entry.lastLink { self.links[link.index].outstanding.remove(handle) }
            self.redeliver(handle, now: now)
        case .regionJobLost:
            self.complete(handle, .regionJobEnded(.lost(reason: refused.message)), now: now)
        case .wrongEpoch:
            guard let token = call.waitFor, let found = refused.epoch else { return self.complete(handle, .refused(refused), now: now) }
            self.complete(handle, .regionJobEnded(.foreignToken(token, found: found, message: refused.message)), now: now)
        case .unknownJob, .expired, .cancelled, .tooLarge, .malformed, .clockSkew, .outcomeNoLongerKnown, .idConflict:
            self.complete(handle, .refused(refused), now: now)
        }
    }

    mutating func settleRegionJob(_ handle: Handle, _ reply: Reply, now: MonotonicInstant) {
        guard var entry = self.entries[handle] else { return }
        entry.repliedAt = now
        entry.legs = reply.timings
        self.store(handle, entry)
        self.complete(handle, reply.outcome == .committed ? .answered(reply) : .settled(reply), now: now)
    }

    /// Its caller gives up, or its deadline has come. Nobody waits for it any more; whoever has it is told.
    mutating func endRegionJob(_ handle: Handle, _ entry: Entry, _ kind: Outcome, now: MonotonicInstant) {
        // A caller's cancellation has said so already.
        if kind == .expired, let holder = entry.holder, entry.cancelFenceAt == nil, let id = entry.identity?.id,
            self.links[holder.index].isOpen
        {
            self.send(.cancel(id), via: holder, now: now)
        }
        self.complete(handle, .regionJobEnded(kind == .expired ? .expired : .cancelled), now: now)
    }
}
