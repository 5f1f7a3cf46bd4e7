public import Testing
import WherryCluster

/// Gives every test a database of its own on the shared primary and replica: ``TestDatabase/current``.
public struct PostgresTrait: TestTrait, SuiteTrait, TestScoping {
    /// What the databases are copies of.
    let template: DatabaseTemplate

    /// On a suite it is for every test in it, not once for the suite.
    public var isRecursive: Bool { true }

    /// Makes the database, runs the test, drops the database.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await SharedCluster.withDatabase(from: self.template) { database in
            try await TestDatabase.$bound.withValue(database) { try await function() }
        }
    }
}

extension Trait where Self == PostgresTrait {
    /// An empty database for every test, on the process's shared primary and replica.
    public static var postgres: Self { .postgres(.empty) }

    /// A copy of a template for every test.
    public static func postgres(_ template: DatabaseTemplate) -> Self {
        PostgresTrait(template: template)
    }
}
