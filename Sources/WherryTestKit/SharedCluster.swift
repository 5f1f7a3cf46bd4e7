public import WherryCluster
import WherryCore

/// The one primary with one replica that all tests of a process share, each with a database of its own.
///
/// Started by the first test that wants it; gone when the process is. What it shares is the servers: a test that crashes, freezes, promotes or
/// reconfigures one needs a cluster of its own (`.ownCluster()`).
public actor SharedCluster {
    private static let instance = SharedCluster()

    /// Connections of all tests together; the default of a cluster is 200.
    public static let maximumConnections = 400

    private var starting: Task<Cluster, any Error>?
    private var templates: [String: Task<Void, any Error>] = [:]
    private var databases = 0

    /// The cluster, started if need be.
    public static func cluster() async throws -> Cluster {
        try await Self.instance.cluster()
    }

    /// Makes a database, waits until the replica has it, runs a body with it, and drops it however the body ends.
    ///
    /// - Parameters:
    ///   - template: what the database is a copy of; default an empty one.
    ///   - body: works with it.
    public static func withDatabase<Result>(
        from template: DatabaseTemplate = .empty, _ body: (TestDatabase) async throws -> Result
    ) async throws -> Result {
        let database = try await Self.instance.makeDatabase(from: template)
        do {
            let result = try await body(database)
            try await database.drop()
            return result
        } catch {
            // Of two errors the test's own is the one to tell. A task that was cancelled can still drop.
            await Task { try? await database.drop() }.value
            throw error
        }
    }

    private func cluster() async throws -> Cluster {
        if let starting { return try await starting.value }
        let starting = Task {
            var configuration = Cluster.Configuration()
            configuration.settings = ["max_connections": String(Self.maximumConnections)]
            return try await Cluster.start(configuration)
        }
        self.starting = starting
        return try await starting.value
    }

    private func makeDatabase(from template: DatabaseTemplate) async throws -> TestDatabase {
        let cluster = try await self.cluster()
        try await self.prepare(template, on: cluster)
        self.databases += 1
        let name = "test_\(self.databases)"
        let position = try await cluster.primary.psql(
            "CREATE DATABASE \(name) TEMPLATE \(template.database); SELECT pg_current_wal_flush_lsn()")
        try await cluster.replica.waitUntilReplayed(position)
        return TestDatabase(name: name, cluster: cluster)
    }

    /// Makes the template's database once. A failure is remembered: every test that wants it fails with the same error.
    private func prepare(_ template: DatabaseTemplate, on cluster: Cluster) async throws {
        guard let prepare = template.prepare else { return }
        let task =
            self.templates[template.name]
            ?? Task {
                try await cluster.primary.psql("CREATE DATABASE \(template.database) TEMPLATE template0")
                try await prepare(TestDatabase(name: template.database, cluster: cluster))
                // A database with a connection cannot be copied: end those that are left, and let nobody in again.
                try await cluster.primary.psql(
                    """
                    ALTER DATABASE \(template.database) ALLOW_CONNECTIONS false;
                    SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = '\(template.database)';
                    """)
            }
        self.templates[template.name] = task
        try await task.value
    }
}
