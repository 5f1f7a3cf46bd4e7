import WherryCore
import WherryJobs
import WherryPostgres

/// A standby: shows a part of its primary's log that grows with some lag, and goes backward when it crashes.
final class ModelReplica {
    unowned let world: Simulation
    let name: String
    private(set) var upstream: ModelServer
    private(set) var isUp = true
    /// `pg_postmaster_start_time()`.
    private(set) var startTime: Int64
    /// When its history, or its process, was last another one: what was seen before may not be there now.
    private(set) var changedAt: MonotonicInstant
    private var pausedUntil: MonotonicInstant
    /// How many records were replayed when `appliedAt` was last brought up to date, and when each later one will be.
    private var appliedAt: [MonotonicInstant] = []

    init(world: Simulation, name: String, upstream: ModelServer) {
        self.world = world
        self.name = name
        self.upstream = upstream
        self.startTime = world.unixMilliseconds * 1000
        self.changedAt = world.now
        self.pausedUntil = world.now
    }

    // MARK: What it shows

    /// How many records of the log it has replayed by now.
    private var replayed: Int {
        // Records that were appended since: each gets its moment, in order.
        while self.appliedAt.count < self.upstream.log.count {
            let earliest = max(self.appliedAt.last ?? self.world.now, self.world.now, self.pausedUntil)
            let lag = self.world.drawDuration(.milliseconds(1), max(.milliseconds(2), self.world.plan.lag))
            self.appliedAt.append(earliest + lag)
        }
        var count = self.appliedAt.count
        while count > 0, self.appliedAt[count - 1] > self.world.now { count -= 1 }
        return count
    }

    /// What a statement that begins now sees: so many records of the log.
    var snapshot: Int { self.replayed }

    var position: LSN? {
        let count = self.replayed
        return count > 0 ? self.upstream.log[count - 1].end : nil
    }

    /// The newest epoch row in a snapshot.
    func epoch(in snapshot: Int) -> Epoch? {
        for record in self.upstream.log.prefix(snapshot).reversed() {
            if case .epoch(let epoch) = record.content { return epoch }
        }
        return nil
    }

    func receipts(of ids: [JobID], in snapshot: Int) -> [Receipt] {
        let wanted = Set(ids)
        return self.upstream.log.prefix(snapshot).compactMap {
            if case .transaction(let writes) = $0.content, let receipt = writes.receipt, wanted.contains(receipt.id) {
                receipt
            } else {
                nil
            }
        }
    }

    /// A read: the jobs whose writes are there.
    func effects(in snapshot: Int) -> Set<JobID> {
        Set(self.upstream.log.prefix(snapshot).compactMap { if case .transaction(let writes) = $0.content { writes.effect } else { nil } })
    }

    var isPaused: Bool { self.pausedUntil > self.world.now }

    var hasReceiver: Bool { self.upstream.isUp }

    var identity: ServerIdentity {
        ServerIdentity(systemIdentifier: ModelCluster.systemIdentifier, address: self.name, startTime: self.startTime)
    }

    // MARK: What befalls it

    func pauseReplay(for duration: Duration) {
        let count = self.replayed
        self.pausedUntil = max(self.pausedUntil, self.world.now + duration)
        for index in count..<max(count, self.appliedAt.count) {
            self.appliedAt[index] = max(self.appliedAt[index], self.pausedUntil)
        }
    }

    /// A crash: it comes back further behind than it was.
    func restart(down: Duration, keepsPercent: Int) {
        guard self.isUp else { return }
        self.isUp = false
        let kept = self.replayed * keepsPercent / 100
        self.world.after(down) { [self] in
            self.isUp = true
            self.comeBack(with: kept)
            self.startTime = self.world.unixMilliseconds * 1000
            self.world.trace(self.name, "is up again at \(self.position.map(\.description) ?? "nothing")")
        }
    }

    /// Turns to another primary; what it has replayed beyond the fork is rewound, with a restart.
    func follow(_ server: ModelServer, forkedAt fork: Int) {
        let kept = min(self.replayed, fork)
        let isAhead = self.replayed > fork
        self.upstream = server
        self.comeBack(with: kept)
        if isAhead { self.startTime = self.world.unixMilliseconds * 1000 }
        self.world.trace(self.name, "follows \(server.name) from \(self.position.map(\.description) ?? "nothing")")
    }

    private func comeBack(with count: Int) {
        self.changedAt = self.world.now
        self.appliedAt = Array(repeating: self.world.now, count: min(count, self.upstream.log.count))
        _ = self.replayed
    }
}
