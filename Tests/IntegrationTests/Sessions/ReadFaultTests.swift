import Synchronization
import Testing
import Wherry
import WherryCluster
import WherryTestKit

extension Cluster.Configuration {
    /// A replica that cancels whatever stands in the way of its replay, at once.
    fileprivate static var impatient: Self {
        var configuration = Self()
        configuration.settings = ["max_standby_streaming_delay": "0", "hot_standby_feedback": "off", "autovacuum": "off"]
        return configuration
    }

    fileprivate static var threeServers: Self {
        var configuration = Self()
        configuration.replicas = ["near", "far"]
        return configuration
    }
}

@Suite("Reads through faults", .serialized, .timeLimit(.minutes(3)))
struct ReadFaultTests {
    @Test(.ownCluster()) func `while replay stands still, only those wait who must`() async throws {
        try await OwnRegions.run { regions in
            let replica = regions.cluster.replica
            let broker = regions.startBroker()
            let worker = regions.startWorker(on: regions.cluster.primary)
            try await regions.withClient(on: replica) { client in
                try await client.call(AddItem(item: 1))
                let seen = client.token
                try await replica.pauseReplay()
                let writer = client.session()
                let error = try await jobError { try await writer.call(AddItem(item: 2), deadline: .milliseconds(700)) }
                #expect(error.code == .notYetVisible)
                #expect(writer.token == error.token)
                #expect(client.token == seen, "one impatient writer slows no reader")
                #expect(try await client.read { try await $0.has(1) })
                #expect(try await writer.read(.eventual) { try await $0.has(2) } == false)
                let late = try await jobError { try await writer.read(deadline: .milliseconds(300)) { _ in } }
                #expect(late.code == .replicaUnavailable)
                async let read = writer.read { try await $0.has(2) }
                async let global = client.read(.global) { try await $0.has(2) }
                try await replica.resumeReplay()
                #expect(try await read)
                #expect(try await global)
            }
            try await worker.stop()
            try await broker.stop()
        }
    }

    @Test(.ownCluster(.impatient)) func `a read that replay cancels is run again`() async throws {
        try await OwnRegions.run { regions in
            let primary = regions.cluster.primary
            // A lock on the table that the read uses: the replica's replay takes it as well, and ends whoever stands in its way.
            func lockTable() async throws {
                try await primary.psql("BEGIN; LOCK TABLE items; COMMIT")
                try await regions.cluster.waitUntilCaughtUp()
            }
            try await regions.withClient(on: regions.cluster.replica) { client in
                let runs = Mutex(0)
                let count = try await client.read { db in
                    let run = runs.withLock { runs in
                        runs += 1
                        return runs
                    }
                    _ = try await db.query("SELECT count(*) FROM items")
                    if run == 1 { try await lockTable() }
                    return try await db.scalar("SELECT count(*) FROM items", as: Int.self)
                }
                #expect(count == 0)
                #expect(runs.withLock { $0 } == 2)

                // One that is ended each time fails, and says what to do.
                let error = try await jobError {
                    try await client.read { db in
                        runs.withLock { $0 += 1 }
                        _ = try await db.query("SELECT count(*) FROM items")
                        try await lockTable()
                        _ = try await db.query("SELECT count(*) FROM items")
                    }
                }
                #expect(runs.withLock { $0 } == 5)
                #expect(error.code == .replicaUnavailable)
                #expect(error.isRetryable)
                #expect(error.message.contains("max_standby_streaming_delay"), "\(error)")
            }
        }
    }

    @Test(.ownCluster(.threeServers)) func `a token from before a failover is exchanged for the new primary's position`() async throws {
        try await OwnRegions.run { regions in
            let cluster = regions.cluster
            let (near, far) = (cluster.replicas[0], cluster.replicas[1])
            let broker = regions.startBroker()
            let first = regions.startWorker(on: cluster.primary)
            try await regions.withClient(on: far) { client in
                let session = client.session()
                try await session.call(AddItem(item: 1))
                let old = try #require(session.token)
                try await cluster.waitUntilCaughtUp()
                await first.abandon()
                try await cluster.primary.crash()
                try await near.promote()
                try await near.psql("SELECT pg_create_physical_replication_slot('wherry_far', true)")
                try await far.follow(near)
                let second = regions.startWorker(on: near)
                try await client.call(AddItem(item: 2), deadline: .seconds(60))

                #expect(try await session.read { try await $0.has(1) })
                let new = try #require(session.token)
                #expect(new.epoch.timeline == old.epoch.timeline + 1)
                #expect(old.merged(with: new) == new)
                #expect(try await client.read(.token(old)) { try await $0.has(2) }, "the position is of after the failover")
                try await client.waitUntilVisible(old)

                // Nobody tells the new primary's position now.
                await second.abandon()
                let error = try await jobError { try await client.read(.token(old), deadline: .milliseconds(500)) { _ in } }
                #expect(error.code == .primaryUnavailable)
                #expect(error.message.contains("eventual"), "\(error)")
                #expect(try await client.session(token: old).read(.eventual) { try await $0.has(1) })
                #expect(try await session.read { try await $0.has(1) }, "an exchanged token needs no more questions")
            }
            try await broker.stop()
        }
    }
}
