import OrderedCollections
import WherryCore
import WherryWire

extension WorkerMachine {
    /// Fences take no credit: there are few of them, and each frees a caller that waits.
    mutating func takeFence(_ fence: Fence, from link: Int, now: MonotonicInstant, _ actions: inout [Action]) {
        let id = fence.job.id
        if let held = self.fences[id], held.fence.job == fence.job, held.fence.epoch == fence.epoch {
            // Of several fences for one job the first decides, here as in the database.
            self.fences[id]?.links.insertOnce(link)
            return
        }
        if let (code, message) = self.reasonToRefuse(epoch: fence.epoch, now: now, &actions) {
            return self.refuse(.fence, id, code, message, to: link, now: now, &actions)
        }
        guard let epoch = fence.epoch, self.fences[id] == nil, self.fences.count < self.settings.maximumFences else {
            return self.refuse(.fence, id, .overloaded, "too many fences are under way here", to: link, now: now, &actions)
        }
        self.fences[id] = HeldFence(fence: fence, links: [link])
        // If the job itself still waits here, it looks first, and finds that it must not run.
        self.jobs[id]?.request.redelivered = true
        actions.append(.fence(fence, epoch: epoch))
    }

    mutating func finishFence(_ id: JobID, _ answer: Answer, now: MonotonicInstant, _ actions: inout [Action]) {
        guard let held = self.fences.removeValue(forKey: id) else { return }
        switch answer {
        case .reply(let reply):
            self.noteToken(reply.token)
            for link in held.links { self.send(.outcome(reply), to: link, now: now, &actions) }
        case .refused(let refused):
            for link in held.links { self.refuse(.fence, refused, to: link, now: now, &actions) }
        }
        self.react(to: answer, now: now, &actions)
    }
}
