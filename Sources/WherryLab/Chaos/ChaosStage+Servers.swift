import ChaosChecker
import WherryCluster

extension ChaosStage {
    /// Does something to a server; it runs again, and all standbys stream, when this returns.
    func strikeServer(_ fault: ChaosFault) async throws {
        let primary = self.primary
        let standbys = self.standbys
        let replica = standbys[(Int(fault.target) ?? 0) % standbys.count]
        let pause = Duration.seconds(fault.duration)
        switch fault.kind {
        case .restartPrimary: try await primary.restart()
        case .crashPrimary:
            try await primary.crash()
            try await Task.sleep(for: pause)
            try await primary.start()
        case .freezePrimary:
            try await primary.freeze()
            try await Task.sleep(for: pause)
            try await primary.thaw()
        case .terminateBackends:
            try await primary.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(Self.database)'")
        case .restartReplica: try await replica.restart()
        case .crashReplica:
            try await replica.crash()
            try await Task.sleep(for: pause)
            try await replica.start()
        case .pauseReplay:
            try await replica.pauseReplay()
            try await Task.sleep(for: pause)
            try await replica.resumeReplay()
        case .cutReplication:
            await self.replication[replica.name]?.cut()
            try await Task.sleep(for: pause)
            await self.replication[replica.name]?.heal()
        default: try await self.promote(replica, fault)
        }
        for standby in self.standbys { try await standby.waitUntilStreaming(from: self.primary, within: .seconds(60)) }
    }

    // MARK: Promotion

    /// Makes a replica the primary; everybody is led there, and the old one becomes a replica.
    private func promote(_ new: PostgresServer, _ fault: ChaosFault) async throws {
        let old = self.primary
        let pause = Duration.seconds(fault.duration)
        // Those who do not learn of the new primary at once.
        var behind: Set<String> = []
        var runs = false
        switch fault.kind {
        case .switchOver: try await old.stop(.fast)
        case .failOverBehind:
            await self.replication[new.name]?.cut()
            try await Task.sleep(for: pause)
            try await old.crash()
            // First of all what the network still holds has to go: a cut delays, it does not lose.
            await self.replication[new.name]?.reset()
            await self.replication[new.name]?.heal()
        case .failOverStale:
            // Either it crashed, or it was only cut off from its replicas; drawn once more from what was drawn.
            let number = Int(fault.duration * 1_000)
            behind = [self.cast.workers[number % self.cast.workers.count]]
            if number.isMultiple(of: 2) { behind.formUnion(self.cast.apps.suffix(1)) }
            runs = number % 4 < 2
            if !runs { try await old.crash() }
        default: try await old.crash()
        }
        try await new.promote()
        self.primary = new
        for proxy in self.replication.values { await self.lead(proxy, to: new) }
        for node in self.cast.nodes where self.homes[node] == nil && !behind.contains(node) { await self.leadDatabase(of: node, to: new) }
        if !behind.isEmpty {
            if !runs { try await old.start() }
            runs = true
            try await Task.sleep(for: pause)
            for node in behind.sorted() { await self.leadDatabase(of: node, to: new) }
        }
        for other in self.standbys where other.name != old.name { try await self.bring(other, behind: new) }
        // Nobody but this process knows its own port.
        if !runs { try await old.start() }
        try await self.giveUp(old, for: new, isLossless: fault.kind == .switchOver)
        for (app, home) in self.homes where home.name == new.name {
            self.homes[app] = old
            await self.leadDatabase(of: app, to: old)
        }
    }

    private func lead(_ proxy: WANProxy, to server: PostgresServer) async {
        await proxy.setTarget(server.port)
        await proxy.reset()
    }

    private func leadDatabase(of node: String, to server: PostgresServer) async {
        if let proxy = self.links[ChaosCast.link(from: node, to: "database")] { await self.lead(proxy, to: server) }
    }

    /// A standby follows the new primary, or is rewound first if it has replayed more than that one knows.
    private func bring(_ standby: PostgresServer, behind new: PostgresServer) async throws {
        do {
            try await standby.follow(new, through: self.replication[standby.name]?.port)
            try await standby.waitUntilStreaming(from: new, within: .seconds(5))
        } catch let error where error.code == .timedOut {
            try await standby.rejoin(new, through: self.replication[standby.name]?.port)
        }
    }

    /// Notes what only the old primary knows, and makes it a replica.
    private func giveUp(_ old: PostgresServer, for new: PostgresServer, isLossless: Bool) async throws {
        // In this order: what the new one has learnt meanwhile does no harm.
        let given = try DatabaseContents.receipts(await old.psql(DatabaseContents.receiptsQuery, database: Self.database))
        let kept = try DatabaseContents.receipts(await new.psql(DatabaseContents.receiptsQuery, database: Self.database))
        let lost = given.filter { kept[$0.key] != $0.value }
        if isLossless, !lost.isEmpty {
            self.complaints.append("a switch-over from \(old.name) to \(new.name) lost \(lost.count) receipts")
        } else {
            for (job, outcome) in lost { self.forked[job, default: []].insert(outcome) }
        }
        self.promotions.append(ChaosPromotion(from: old.name, to: new.name, receiptsLost: lost.count))
        try await old.rejoin(new, through: self.replication[old.name]?.port)
    }
}
