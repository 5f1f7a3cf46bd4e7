import FaultJobs
import Foundation
import Logging
import Testing
import Wherry
import WherryCluster
import WherryPostgres
import WherryTestKit

extension Cluster.Configuration {
    fileprivate static var threeServers: Self {
        var configuration = Self()
        configuration.replicas = ["near", "far"]
        return configuration
    }

    /// The replica hears of the primary through a proxy.
    fileprivate static var cuttable: Self {
        var configuration = Self()
        configuration.replicationLinks = ["replica": WANLink()]
        return configuration
    }

    fileprivate static var alone: Self {
        var configuration = Self()
        configuration.replicas = []
        return configuration
    }

    fileprivate static var crowded: Self {
        var configuration = Self()
        configuration.settings = ["max_connections": "20"]
        return configuration
    }
}

@Suite("PostgreSQL dies, stalls and fails over, and every future ends truthfully", .serialized, .timeLimit(.minutes(4)))
struct PostgresDeathTests {
    @Test(.ownCluster(), arguments: [PostgresServer.Shutdown.fast, .immediate])
    func `the primary restarts under load: no call fails, nothing is done twice`(shutdown: PostgresServer.Shutdown) async throws {
        try await FaultField.runOnOwnCluster { field, cluster in
            _ = try await field.startBroker()
            for _ in 0..<2 { _ = try await field.startWorker() }
            try await field.withClient { client in
                try await client.insert(0..<600, lanes: 24) { try await cluster.primary.restart(shutdown) }
                #expect(try await client.counts() == [600, 600])
            }
        }
    }

    @Test(.ownCluster()) func `the primary is killed amid commits, again and again`() async throws {
        try await FaultField.runOnOwnCluster { field, cluster in
            _ = try await field.startBroker()
            for _ in 0..<2 { _ = try await field.startWorker() }
            try await field.withClient { client in
                try await client.insert(0..<1_000, lanes: 32, deadline: .seconds(90)) {
                    for _ in 0..<3 {
                        try await cluster.primary.crash()
                        try await cluster.primary.start()
                        try await Task.sleep(for: .milliseconds(700))
                    }
                }
                #expect(try await client.counts() == [1_000, 1_000])
            }
        }
    }

    @Test(.ownCluster()) func `the replica is killed and comes back under load: values wait, reads never go back`() async throws {
        try await FaultField.runOnOwnCluster { field, cluster in
            _ = try await field.startBroker()
            _ = try await field.startWorker()
            try await field.withClient { client in
                try await client.insert(0..<400, lanes: 16) {
                    try await cluster.replica.crash()
                    try await Task.sleep(for: .seconds(1))
                    try await cluster.replica.start()
                }
                #expect(try await client.counts() == [400, 400])
            }
        }
    }

    @Test(.ownCluster(.cuttable)) func `replication is cut: what has committed is said to be, and shown once it is there`() async throws {
        try await FaultField.runOnOwnCluster { field, cluster in
            let proxy = try #require(cluster.replicationProxies["replica"])
            _ = try await field.startBroker()
            _ = try await field.startWorker()
            try await field.withClient { client in
                _ = try await client.call(Act(item: 0))
                await proxy.cut()
                let patient = try await client.submit(Act(item: 1), deadline: .seconds(60))
                let error = try await jobError { _ = try await client.call(Act(item: 2), deadline: .seconds(2)) }
                #expect(error.code == .notYetVisible)
                #expect(try error.value(as: Int.self) == 2, "its value comes along")
                #expect(try await client.count(of: 2) == 0)
                await proxy.heal()
                #expect(try await patient.value == 1)
                try await client.waitUntilVisible(#require(error.token))
                #expect(try await client.counts() == [3, 3])
            }
        }
    }

    @Test(.ownCluster(.threeServers)) func `a failover loses commits: what was lost is told as lost, what survived is there`() async throws
    {
        try await FaultField.runOnOwnCluster { field, cluster in
            let (near, far) = (cluster.replicas[0], cluster.replicas[1])
            _ = try await field.startBroker()
            let worker = try await field.startWorker()
            try await field.withClient(replica: far.connection()) { client in
                #expect(try await client.call(Act(item: 1)) == 1)
                try await cluster.waitUntilCaughtUp()
                // Neither standby hears of what comes now.
                for standby in [near, far] { try await standby.set(["primary_conninfo": "host=127.0.0.1 port=1"]) }
                try await eventually("nobody receives") {
                    try await cluster.primary.psql("SELECT count(*) FROM pg_stat_replication") == "0"
                }
                let doomed = try await client.submit(Act(item: 2), deadline: .seconds(60))
                _ = try await doomed.committed
                try await cluster.primary.crash()
                try await near.promote()
                try await near.psql("SELECT pg_create_physical_replication_slot('wherry_far', true)")
                try await far.follow(near)
                worker.kill()
                _ = try await field.startWorker(database: near.connection())
                let error = try await jobError { _ = try await doomed.value }
                #expect(error.code == .lost, "\(error)")
                #expect(try await near.psql("SELECT outcome FROM wherry.receipts WHERE id = '\(doomed.id)'") == "lost")
                #expect(try await client.call(Act(item: 3), deadline: .seconds(60)) == 3)
                #expect(try await client.counts() == [2, 2])
                #expect(try await client.count(of: 2) == 0)
            }
        }
    }

    @Test(.ownCluster(.threeServers))
    func `a failover in good order under load: no call fails, and nobody serves the old primary when it comes back`() async throws {
        try await FaultField.runOnOwnCluster { field, cluster in
            let (near, far) = (cluster.replicas[0], cluster.replicas[1])
            _ = try await field.startBroker()
            // As behind a name that is pointed elsewhere: what workers connect to stays.
            let old = try await WANProxy.start(target: cluster.primary.port)
            var address = cluster.primary.connection()
            address.port = old.port
            let first = try await field.startWorker(database: address)
            try await field.withClient(replica: far.connection()) { client in
                try await client.insert(0..<400, lanes: 16, deadline: .seconds(90)) {
                    try await cluster.primary.stop(.fast)
                    // It went only when both had all that it ever said.
                    try await near.promote()
                    try await near.psql("SELECT pg_create_physical_replication_slot('wherry_far', true)")
                    try await far.follow(near)
                    _ = try await field.startWorker(database: near.connection())
                }
                #expect(try await client.counts() == [400, 400])

                // The old primary starts as if nothing had happened, and the worker that still points to it finds it.
                try await cluster.primary.start()
                let known = try #require(client.token)
                for item in 500..<520 { #expect(try await client.call(Act(item: item), deadline: .seconds(60)) == item) }
                #expect(try #require(client.token).epoch == known.epoch)
                #expect(first.lines.filter { $0.hasPrefix("began 5") && $0.count == 9 }.isEmpty, "it ran none of them")
                #expect(try await cluster.primary.psql("SELECT count(*) FROM items WHERE item >= 500") == "0")
                #expect(try await client.counts() == [420, 420])
            }
            await old.stop()
        }
    }

    @Test(.ownCluster(.crowded)) func `no connection is to be had: jobs wait for one`() async throws {
        try await FaultField.runOnOwnCluster { field, cluster in
            _ = try await field.startBroker()
            let worker = try await field.startWorker()
            try await field.withClient(replica: cluster.replica.connection()) { client in
                _ = try await client.call(Act(item: 0))
                var crowd: [PostgresConnection] = []
                let logger = Logger(label: "crowd") { _ in SwiftLogNoOpLogHandler() }
                do {
                    while crowd.count < 40 {
                        crowd.append(
                            try await PostgresConnection.connect(
                                PostgresConfiguration(cluster.primary.connection().keywords), logger: logger))
                    }
                } catch {
                    #expect((error as? PostgresError)?.sqlState == "53300")
                }
                worker.kill()
                try await worker.ends()
                _ = try await field.startWorker()
                async let value = client.call(Act(item: 1), deadline: .seconds(60))
                try await Task.sleep(for: .seconds(2))
                for connection in crowd { await connection.close() }
                #expect(try await value == 1)
                #expect(try await client.counts() == [2, 2])
            }
        }
    }

    @Test(.ownCluster()) func `a table is locked for longer than a statement may wait: the job runs again and is done`() async throws {
        try await FaultField.runOnOwnCluster { field, cluster in
            _ = try await field.startBroker()
            let worker = try await field.startWorker()
            try await field.withClient { client in
                _ = try await client.call(Act(item: 0))
                async let locker = cluster.primary.psql("BEGIN; LOCK TABLE items; SELECT pg_sleep(7); COMMIT")
                try await eventually("the table is locked") {
                    try await cluster.primary.psql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") != "0"
                }
                #expect(try await client.call(Act(item: 1), deadline: .seconds(60)) == 1)
                _ = try await locker
                #expect(worker.lines.filter { $0 == "began 1" }.count == 2)
                #expect(try await client.counts() == [2, 2])
            }
        }
    }

    @Test(.ownCluster(.alone), .enabled(if: SmallDisk.isPossible, "mounting a small disk takes root"))
    func `the disk is full: jobs wait until there is room`() async throws {
        try await FaultField.runOnOwnCluster { field, cluster in
            let disk = try await SmallDisk.mount(at: "\(field.folder)/disk", ownedAs: cluster.primary.folder)
            defer { disk.unmount() }
            try await cluster.primary.psql("CREATE TABLESPACE small LOCATION '\(disk.path)'")
            try await cluster.primary.psql("ALTER TABLE items SET TABLESPACE small")
            _ = try await field.startBroker()
            _ = try await field.startWorker()
            try await field.withClient { client in
                _ = try await client.call(Act(item: 0))
                try disk.fill()
                // What is left of the table's last page takes a few.
                let impatient = try await jobError {
                    for item in 1..<1_000 { _ = try await client.call(Act(item: item), deadline: .seconds(3)) }
                }
                #expect(impatient.code == .expired, "\(impatient)")
                async let value = client.call(Act(item: 5_000), deadline: .seconds(60))
                try await Task.sleep(for: .seconds(1))
                try disk.clear()
                #expect(try await value == 5_000)
                let counts = try await client.counts()
                #expect(counts[0] == counts[1])
                #expect(try await client.count(of: 5_000) == 1)
            }
        }
    }
}
