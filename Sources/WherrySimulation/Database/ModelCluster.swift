import WherryCore
import WherryJobs

/// A primary and its standbys, and who is which now.
final class ModelCluster {
    static let systemIdentifier: UInt64 = 7_000_000_000

    unowned let world: Simulation
    /// Whose history counts.
    private(set) var primary: ModelServer
    /// One for each client, and the last one to be promoted.
    private(set) var replicas: [ModelReplica] = []
    private(set) var promotions = 0
    private var histories: [Epoch: ModelServer] = [:]
    /// All that ever were primaries. Sessions do not keep theirs alive, and one that was promoted over before its epoch began has no history.
    private var servers: [ModelServer]

    init(world: Simulation, replicas: Int) {
        self.world = world
        self.primary = ModelServer(world: world, name: "primary", timeline: 1, log: [])
        self.servers = [self.primary]
        self.replicas = (0..<replicas).map { ModelReplica(world: world, name: "replica-\($0)", upstream: self.primary) }
    }

    /// The server on which an epoch began.
    func history(of epoch: Epoch) -> ModelServer? {
        self.histories[epoch]
    }

    func began(_ epoch: Epoch, on server: ModelServer) {
        self.histories[epoch] = server
    }

    /// Whether a failover has lost what a job did.
    func hasLost(_ id: JobID) -> Bool {
        !self.world.ledger.isShown(id, in: self.primary.effects)
    }

    func restartPrimary(down: Duration) {
        let server = self.primary
        server.stop()
        self.world.after(down) { server.start() }
    }

    /// A new primary with a part of the old one's log.
    func promote(oldPrimaryDies: Bool, losesLast: Int, outage: Duration) {
        let old = self.primary
        let kept = max(0, old.log.count - losesLast)
        let new = ModelServer(world: self.world, name: "promoted", timeline: old.timeline + 1, log: Array(old.log.prefix(kept)))
        self.servers.append(new)
        old.isAuthoritative = false
        self.promotions += 1
        if self.promotions > 1 { self.world.ledger.count("second failover") }
        self.primary = new
        new.stop()
        if oldPrimaryDies {
            old.stop()
            if self.world.chance(0.5) { self.bringBack(old, after: outage) }
        }
        self.world.after(outage) {
            new.start()
            // Another failover may have come in between.
            guard new.isAuthoritative else { return }
            for replica in self.replicas {
                self.world.after(.milliseconds(self.world.draw(0...2000))) {
                    if new.isAuthoritative { replica.follow(new, forkedAt: kept) }
                }
            }
            for worker in self.world.workers {
                self.world.after(.milliseconds(self.world.draw(0...2000))) {
                    if new.isAuthoritative { worker.database = new }
                }
            }
        }
    }

    /// The old primary is started again and does not know that it is none any more; a worker's address leads to it for a while.
    private func bringBack(_ old: ModelServer, after outage: Duration) {
        self.world.after(outage + .milliseconds(self.world.draw(200...3000))) {
            old.start()
            self.world.ledger.count("the old primary came back")
            let worker = self.world.workers[self.world.draw(0...(self.world.workers.count - 1))]
            worker.database = old
            self.world.after(.milliseconds(self.world.draw(200...2500))) { worker.database = self.primary }
        }
    }
}
