import Testing

/// Looks until it is so: for what other processes and threads do in their own time.
func until(_ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try await !holds() {
        guard ContinuousClock.now < deadline else {
            Issue.record("never happened: \(what)", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
