import Synchronization
import WherryCore
import WherryJobs

/// The jobs that run in a worker, so that one of them can be stopped.
final class RunningJobs: Sendable {
    private let stops = Locked<[JobID: JobStop]>([:])

    /// A job begins. The machine never has an id run twice at a time, but one that was given back may still be on its way out when it comes again.
    func begin(_ id: JobID) -> JobStop {
        let stop = JobStop()
        self.stops.withLock { $0[id] = stop }
        return stop
    }

    /// A job has ended.
    func end(_ id: JobID, _ stop: JobStop) {
        self.stops.withLock { if $0[id] === stop { $0[id] = nil } }
    }

    /// Stops a job, if it runs.
    func cancel(_ id: JobID) {
        self.stops.withLock { $0[id] }?.cancel()
    }
}
