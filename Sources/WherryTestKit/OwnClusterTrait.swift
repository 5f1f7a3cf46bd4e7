public import Testing
public import WherryCluster

/// Gives every test a cluster of its own, to crash, freeze and promote: ``TestCluster/current``.
public struct OwnClusterTrait: TestTrait, SuiteTrait, TestScoping {
    let configuration: Cluster.Configuration

    /// On a suite it is for every test in it, not once for the suite.
    public var isRecursive: Bool { true }

    /// Starts the cluster, runs the test, stops the cluster.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await Cluster.withCluster(self.configuration) { cluster in
            try await TestCluster.$bound.withValue(cluster) { try await function() }
        }
    }
}

/// Where a test finds the cluster that ``OwnClusterTrait`` gave it.
public enum TestCluster {
    @TaskLocal static var bound: Cluster?

    /// The cluster of the running test.
    ///
    /// - Precondition: the test, or its suite, has the trait `.ownCluster()`, and this is called in the test's task.
    public static var current: Cluster {
        guard let bound else {
            preconditionFailure("no cluster here: give the test or its suite the trait .ownCluster(), and ask in the test's own task")
        }
        return bound
    }
}

extension Trait where Self == OwnClusterTrait {
    /// A cluster for every test; it takes about a second to start.
    ///
    /// - Parameter configuration: default a primary and one replica, `replica`.
    public static func ownCluster(_ configuration: Cluster.Configuration = Cluster.Configuration()) -> Self {
        OwnClusterTrait(configuration: configuration)
    }
}
