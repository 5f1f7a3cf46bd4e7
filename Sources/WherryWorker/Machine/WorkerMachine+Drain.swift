import OrderedCollections
import WherryCore
import WherryWire

extension WorkerMachine {
    /// Takes nothing new, gives back what has not begun, lets the rest finish.
    mutating func drain(now: MonotonicInstant, _ actions: inout [Action]) {
        guard case .working = self.phase else {
            if case .idle = self.phase { self.end(.drained, now: now, &actions) }
            return
        }
        self.phase = .draining(until: now + self.settings.drainLimit)
        for (id, job) in self.jobs where job.stage == .waiting {
            self.handBack(id, .drained, "this worker is shutting down", now: now, &actions)
        }
    }

    /// The time to finish is over. A job that is handed back may still commit: then its receipt meets whoever runs it next.
    mutating func abandonJobs(now: MonotonicInstant, _ actions: inout [Action]) {
        let ids = Array(self.jobs.keys)
        for (id, job) in self.jobs {
            if job.request.isRegionJob, job.stage != .waiting {
                // It may have begun, and nothing keeps it from running twice.
                self.handBack(id, .regionJobLost, "its worker shut down and did not wait for it", now: now, &actions)
            } else {
                self.handBack(id, .drained, "this worker is shutting down and did not wait for it", now: now, &actions)
            }
        }
        if !ids.isEmpty {
            actions.append(.log(.abandoned(ids)))
            actions.append(.abandon(ids))
        }
        self.fences = [:]
    }

    mutating func endIfDrained(now: MonotonicInstant, _ actions: inout [Action]) {
        guard case .draining = self.phase, self.jobs.isEmpty, self.fences.isEmpty else { return }
        self.end(.drained, now: now, &actions)
    }

    mutating func end(_ ending: Ending, now: MonotonicInstant, _ actions: inout [Action]) {
        self.closeAllLinks(now: now, &actions)
        self.jobs = [:]
        self.fences = [:]
        self.phase = .ended
        actions.append(.end(ending))
    }
}
