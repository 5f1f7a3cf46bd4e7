public import WherryCluster

/// A test's own database, on a primary and, by streaming replication, on its replica.
public struct TestDatabase: Sendable {
    /// The database's name.
    public let name: String
    /// The servers it is on. They are shared with other tests: look, but do not break.
    public let cluster: Cluster

    @TaskLocal static var bound: TestDatabase?

    /// The database of the running test.
    ///
    /// - Precondition: the test, or its suite, has the trait `.postgres`, and this is called in the test's task.
    public static var current: TestDatabase {
        guard let bound else {
            preconditionFailure("no database here: give the test or its suite the trait .postgres, and ask in the test's own task")
        }
        return bound
    }

    /// How to connect to it on the primary, as the superuser.
    public var primary: ConnectionInfo { self.cluster.primary.connection(database: self.name) }

    /// How to connect to it on the replica, as the superuser.
    public var replica: ConnectionInfo { self.cluster.replica.connection(database: self.name) }

    /// Runs SQL on the primary through `psql`; see ``PostgresServer/psql(_:database:user:within:)``.
    @discardableResult
    public func psql(_ sql: String) async throws(ClusterError) -> String {
        try await self.cluster.primary.psql(sql, database: self.name)
    }

    /// Runs SQL on the replica through `psql`.
    @discardableResult
    public func psqlOnReplica(_ sql: String) async throws(ClusterError) -> String {
        try await self.cluster.replica.psql(sql, database: self.name)
    }

    /// Waits until the replica has replayed all that the primary has flushed when this is called.
    public func waitUntilCaughtUp(within limit: Duration = .seconds(30)) async throws(ClusterError) {
        try await self.cluster.replica.waitUntilCaughtUp(with: self.cluster.primary, within: limit)
    }

    /// Drops it, with whoever is still connected.
    func drop() async throws(ClusterError) {
        try await self.cluster.primary.psql("DROP DATABASE \(self.name) WITH (FORCE)")
    }
}
