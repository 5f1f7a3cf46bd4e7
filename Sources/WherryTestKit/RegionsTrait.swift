public import Testing
public import Wherry

/// Gives every test two regions of its own: ``TestRegions/current``.
public struct RegionsTrait: TestTrait, SuiteTrait, TestScoping {
    let handlers: Handlers
    let schema: String

    /// On a suite it is for every test in it, not once for the suite.
    public var isRecursive: Bool { true }

    /// Makes the regions, runs the test, ends them.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TestRegions.run(handlers: self.handlers, schema: self.schema) { regions in
            try await TestRegions.$bound.withValue(regions) { try await function() }
        }
    }
}

extension Trait where Self == RegionsTrait {
    /// A two-region cluster with handlers of yours, for every test: see ``TestRegions``.
    ///
    /// - Parameters:
    ///   - handlers: what the worker can do.
    ///   - schema: SQL that makes your tables; default none.
    public static func regions(handlers: Handlers, schema: String = "") -> Self {
        RegionsTrait(handlers: handlers, schema: schema)
    }
}
