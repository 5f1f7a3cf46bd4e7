import OrderedCollections
import WherryCore
import WherryJobs
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
        guard self.fences[id] == nil, self.fences.count < self.settings.maximumFences else {
            return self.refuse(.fence, id, .overloaded, "too many fences are under way here", to: link, now: now, &actions)
        }
        self.fences[id] = HeldFence(fence: fence, links: [link])
        // If the job itself still waits here, it looks first, and finds that it must not run.
        self.jobs[id]?.request.redelivered = true
        actions.append(.fence(fence, receivedAt: now))
    }

    mutating func finishFence(_ id: JobID, _ end: JobEnd, now: MonotonicInstant, _ actions: inout [Action]) {
        guard let held = self.fences.removeValue(forKey: id) else { return }
        for link in held.links {
            switch end {
            case .reply(let reply): self.send(.outcome(reply), to: link, &actions)
            case .refused(let refused): self.refuse(.fence, refused, to: link, &actions)
            }
        }
        self.react(to: end, now: now, &actions)
    }
}
