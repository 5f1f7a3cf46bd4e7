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
    private var histories: [Epoch: ModelServer] = [:]

    init(world: Simulation, replicas: Int) {
        self.world = world
        self.primary = ModelServer(world: world, name: "primary", timeline: 1, log: [])
        self.replicas = (0..<replicas).map { ModelReplica(world: world, name: "replica-\($0)", upstream: self.primary) }
    }

    /// The server on which an epoch began.
    func history(of epoch: Epoch) -> ModelServer? {
        self.histories[epoch]
    }

    func began(_ epoch: Epoch, on server: ModelServer) {
        self.histories[epoch] = server
    }

    /// A receipt of a history that a failover has cut off.
    func lost(_ id: JobID) -> (receipt: Receipt, end: LSN)? {
        self.histories.values.lazy.filter { !$0.isAuthoritative }.compactMap { $0.receipt(of: id) }.first
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
        old.isAuthoritative = false
        self.primary = new
        new.stop()
        if oldPrimaryDies { old.stop() }
        self.world.after(outage) {
            new.start()
            for replica in self.replicas {
                self.world.after(.milliseconds(self.world.draw(0...2000))) { replica.follow(new, forkedAt: kept) }
            }
            for worker in self.world.workers {
                self.world.after(.milliseconds(self.world.draw(0...2000))) { worker.database = new }
            }
        }
    }
}
