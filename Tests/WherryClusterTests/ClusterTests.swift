import Foundation
import Testing

@testable import WherryCluster

@Suite("A cluster of real servers", .timeLimit(.minutes(3)), .serialized)
struct ClusterTests {
    @Test("is up, streaming and caught up; its replicas are standbys of their regions' names")
    func start() async throws {
        var configuration = Cluster.Configuration()
        configuration.primary = "syd"
        configuration.replicas = ["lax", "us-east_1"]
        configuration.settings = ["work_mem": "7MB"]
        try await Cluster.withCluster(configuration) { cluster in
            try await cluster.primary.psql("CREATE TABLE ship (name text); INSERT INTO ship VALUES ('wherry')")
            try await cluster.waitUntilCaughtUp()
            for replica in cluster.replicas {
                #expect(try await replica.psql("SELECT * FROM ship") == "wherry")
                #expect(try await replica.isStandby())
            }
            #expect(try await !cluster.primary.isStandby())
            #expect(try await cluster.primary.psql("SHOW work_mem") == "7MB")
            #expect(
                try await cluster.primary.psql("SELECT application_name FROM pg_stat_replication ORDER BY 1") == "lax\nus-east_1")
            #expect(try await cluster.primary.psql("SELECT count(*) FROM pg_replication_slots WHERE active") == "2")
            #expect(cluster["lax"]?.name == "lax")
            #expect(cluster["fra"] == nil)
        }
    }

    @Test("lets a role in over TCP with its password only")
    func authentication() async throws {
        try await Cluster.withCluster { cluster in
            try await cluster.primary.makeRole("o'brien\"s")
            var connection = cluster.primary.connection(user: "o'brien\"s")
            for conninfo in [connection.keywords, connection.url] {
                let psql = cluster.primary.host.command("psql", ["-XAt", "-d", conninfo, "-c", "SELECT current_user"])
                #expect(try await psql.run() == "o'brien\"s")
            }
            #expect(!"\(connection)".contains(cluster.primary.password))
            connection.password = "guessed"
            let psql = cluster.primary.host.command("psql", ["-XAt", "-d", connection.keywords, "-c", "SELECT 1"])
            let error = await #expect(throws: ClusterError.self) { try await psql.run() }
            #expect(error?.message.contains("password authentication failed") == true)
        }
    }

    @Test("crashes, recovers on its port, stops in three ways, and can be frozen")
    func lifecycle() async throws {
        try await Cluster.withCluster { cluster in
            let (primary, replica) = (cluster.primary, cluster.replica)
            try await primary.psql("CREATE TABLE ship (name text); INSERT INTO ship VALUES ('wherry')")
            try await primary.crash()
            await #expect(throws: ClusterError.self) { try await primary.psql("SELECT 1") }
            try await primary.start()
            #expect(try await primary.psql("SELECT * FROM ship") == "wherry")
            for shutdown in [PostgresServer.Shutdown.smart, .fast, .immediate] { try await primary.restart(shutdown) }
            try await replica.waitUntilStreaming()
            try await cluster.waitUntilCaughtUp()

            try await replica.freeze()
            await #expect(throws: ClusterError.self) { try await replica.psql("SELECT 1", within: .milliseconds(300)) }
            try await replica.thaw()
            #expect(try await replica.psql("SELECT * FROM ship") == "wherry")

            try await replica.freeze()
            try await replica.stop()
            try await replica.stop()
            try await replica.start()
        }
    }

    @Test("pauses and resumes replay; a wait that is in vain says where the replica stands")
    func replay() async throws {
        try await Cluster.withCluster { cluster in
            try await cluster.replica.pauseReplay()
            try await cluster.primary.psql("CREATE TABLE ship (name text)")
            let error = await #expect(throws: ClusterError.self) { try await cluster.waitUntilCaughtUp(within: .milliseconds(200)) }
            #expect(error?.code == .timedOut)
            #expect(error?.message.hasSuffix("|paused") == true)
            try await cluster.replica.resumeReplay()
            try await cluster.waitUntilCaughtUp()
        }
    }

    @Test("fails over; the old primary rejoins without what only it knew", arguments: [true, false])
    func failover(canRewind: Bool) async throws {
        try await Cluster.withCluster { cluster in
            let (old, new) = (cluster.primary, cluster.replica)
            try await old.psql("CREATE TABLE ship (name text)")
            try await cluster.waitUntilCaughtUp()
            try await old.crash()
            try await new.promote()
            #expect(try await !new.isStandby())
            try await new.psql("INSERT INTO ship VALUES ('new')")
            try await old.start()
            try await old.psql("INSERT INTO ship VALUES ('lost')")
            if !canRewind {
                // Without its own history, all that is left is a new base backup.
                try await old.stop()
                try await old.host.shell("rm \"$1\"/pg_wal/0*", [old.dataFolder])
            }
            try await old.rejoin(new)
            try await old.waitUntilCaughtUp(with: new)
            #expect(try await old.psql("SELECT * FROM ship") == "new")
        }
    }

    @Test("fails over with two replicas: the other one follows the new primary, and its WAL is kept there")
    func followsNewPrimary() async throws {
        var configuration = Cluster.Configuration()
        configuration.replicas = ["first", "second"]
        try await Cluster.withCluster(configuration) { cluster in
            let (new, other) = (cluster.replicas[0], cluster.replicas[1])
            try await cluster.primary.psql("CREATE TABLE ship (name text)")
            try await cluster.waitUntilCaughtUp()
            try await cluster.primary.crash()
            try await new.promote()
            try await other.follow(new)
            try await new.psql("INSERT INTO ship VALUES ('new')")
            try await other.waitUntilStreaming(from: new)
            try await other.waitUntilCaughtUp(with: new)
            #expect(try await other.psql("SELECT * FROM ship") == "new")
            #expect(try await new.psql("SELECT active FROM pg_replication_slots WHERE slot_name = 'wherry_second'") == "t")
        }
    }

    @Test("tells a replica that follows from one that has replayed more than the new primary knows")
    func ahead() async throws {
        var configuration = Cluster.Configuration()
        configuration.replicas = ["first", "second"]
        configuration.replicationLinks = ["first": WANLink()]
        try await Cluster.withCluster(configuration) { cluster in
            let (new, ahead) = (cluster.replicas[0], cluster.replicas[1])
            try await cluster.primary.psql("CREATE TABLE ship (name text)")
            try await cluster.waitUntilCaughtUp()
            await cluster.replicationProxies["first"]?.cut()
            try await cluster.primary.psql("INSERT INTO ship VALUES ('lost')")
            try await ahead.waitUntilCaughtUp(with: cluster.primary)
            try await cluster.primary.crash()
            await cluster.replicationProxies["first"]?.reset()
            try await new.promote()
            try await ahead.follow(new)
            await #expect(throws: ClusterError.self) { try await ahead.waitUntilStreaming(from: new, within: .seconds(1)) }
            try await ahead.rejoin(new)
            try await ahead.waitUntilStreaming(from: new)
            try await ahead.waitUntilCaughtUp(with: new)
            #expect(try await ahead.psql("SELECT count(*) FROM ship") == "0")
        }
    }

    @Test("changes settings while it runs, and while it does not")
    func settings() async throws {
        try await Cluster.withCluster { cluster in
            try await cluster.primary.set(["search_path": "it's, \"so\""])
            #expect(try await cluster.primary.psql("SHOW search_path") == "it's, \"so\"")
            try await cluster.primary.stop()
            try await cluster.primary.set(["max_connections": "31"])
            try await cluster.primary.start()
            #expect(try await cluster.primary.psql("SHOW max_connections") == "31")
        }
    }

    @Test("replicates through a network that can be cut")
    func replicationLink() async throws {
        var configuration = Cluster.Configuration()
        configuration.replicationLinks = ["replica": WANLink(delay: .milliseconds(5))]
        try await Cluster.withCluster(configuration) { cluster in
            let proxy = try #require(cluster.replicationProxies["replica"])
            #expect(await proxy.counters().bytesToClient > 0)
            await proxy.cut()
            try await cluster.primary.psql("CREATE TABLE ship (name text)")
            await #expect(throws: ClusterError.self) { try await cluster.waitUntilCaughtUp(within: .milliseconds(200)) }
            await proxy.heal()
            try await cluster.waitUntilCaughtUp()
            await proxy.reset()
            try await cluster.replica.waitUntilStreaming()
        }
    }

    @Test("has a system identifier of its own, if told; shares one otherwise")
    func systemIdentifier() async throws {
        let question = "SELECT system_identifier FROM pg_control_system()"
        var lone = Cluster.Configuration()
        lone.replicas = []
        var own = lone
        own.ownSystemIdentifier = true
        var seen: [String] = []
        for configuration in [lone, lone, own] {
            seen.append(try await Cluster.withCluster(configuration) { try await $0.primary.psql(question) })
        }
        #expect(seen[0] == seen[1])
        #expect(seen[0] != seen[2])
    }

    @Test("is kept in a folder, and opened again")
    func kept() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/wherry-kept-\(UInt32.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = Cluster.Configuration()
        configuration.folder = folder
        try await Cluster.withCluster(configuration) { cluster in
            try await cluster.primary.psql("CREATE TABLE ship (name text); INSERT INTO ship VALUES ('wherry')")
            #expect(try await cluster.primary.psql("SHOW fsync") == "on")
        }
        try await Cluster.withCluster(configuration) { cluster in
            try await cluster.waitUntilCaughtUp()
            #expect(try await cluster.replica.psql("SELECT * FROM ship") == "wherry")
            #expect(try await cluster.replica.isStandby())
        }
    }

    @Test("leaves no folder and no process when it stops, even crashed or frozen")
    func stop() async throws {
        let cluster = try await Cluster.start()
        let folder = cluster.primary.socketFolder
        #expect(FileManager.default.fileExists(atPath: folder))
        try await cluster.primary.crash()
        try await cluster.replica.freeze()
        try await cluster.stop()
        #expect(!FileManager.default.fileExists(atPath: folder))
        await #expect(throws: ClusterError.self) { try await cluster.replica.psql("SELECT 1") }
        try await cluster.stop()
    }
}
