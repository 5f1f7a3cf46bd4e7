import Testing

@testable import WherryCluster

@Suite("What goes wrong with a cluster is told", .timeLimit(.minutes(1)))
struct ClusterErrorTests {
    @Test("where PostgreSQL is not installed, what to install and where was looked")
    func notInstalled() async throws {
        let error = await #expect(throws: ClusterError.self) {
            _ = try await PostgresInstallation.find(environment: ["WHERRY_PG_BIN": "/nowhere"])
        }
        #expect(error?.code == .notInstalled)
        #expect(error?.message.contains("apt install postgresql") == true)
        #expect(error?.message.contains("/nowhere") == true)
    }

    @Test("if regions cannot be told apart or cannot be names", arguments: [["a-b", "a_B"], ["../etc"], [""], ["9lives"], ["primary"]])
    func regions(replicas: [String]) async throws {
        var configuration = Cluster.Configuration()
        configuration.replicas = replicas
        let error = await #expect(throws: ClusterError.self) { _ = try await Cluster.start(configuration) }
        #expect(error?.code == .configuration)
    }

    @Test("if a link leads to no replica, or a folder is no absolute path")
    func contradictions() async throws {
        var link = Cluster.Configuration()
        link.replicationLinks = ["lax": WANLink()]
        var folder = Cluster.Configuration()
        folder.folder = "here"
        for configuration in [link, folder] {
            let error = await #expect(throws: ClusterError.self) { _ = try await Cluster.start(configuration) }
            #expect(error?.code == .configuration)
        }
    }

    @Test("if a folder cannot be written")
    func folder() async throws {
        var configuration = Cluster.Configuration()
        configuration.folder = "/proc/wherry"
        let error = await #expect(throws: ClusterError.self) { _ = try await Cluster.start(configuration) }
        #expect(error?.code == .folder)
    }

    @Test("if a setting keeps a server from starting, with its log; and nothing of it is left")
    func setting() async throws {
        var configuration = Cluster.Configuration()
        configuration.settings = ["shared_buffers": "a lot"]
        let error = await #expect(throws: ClusterError.self) { _ = try await Cluster.start(configuration) }
        #expect(error?.code == .commandFailed)
        #expect(error?.serverLog?.contains("shared_buffers") == true)
    }

    @Test("by SQLSTATE, if SQL fails")
    func sql() async throws {
        var configuration = Cluster.Configuration()
        configuration.replicas = []
        try await Cluster.withCluster(configuration) { cluster in
            let error = await #expect(throws: ClusterError.self) { try await cluster.primary.psql("SELECT 1/0") }
            #expect(error?.message.contains("22012") == true)
        }
    }

    @Test("if a program does not end in time, or its task is cancelled")
    func commands() async throws {
        let sleep = Command(executable: "/bin/sleep", arguments: ["60"])
        let late = await #expect(throws: ClusterError.self) { try await sleep.run(within: .milliseconds(50)) }
        #expect(late?.code == .timedOut)
        let task = Task { try await sleep.run() }
        task.cancel()
        let cancelled = await #expect(throws: ClusterError.self) { try await task.value }
        #expect(cancelled?.code == .cancelled)
        let missing = await #expect(throws: ClusterError.self) { try await Command(executable: "/nowhere/x", arguments: []).run() }
        #expect(missing?.code == .commandFailed)
    }
}
