extension PostgresServer {
    /// How often a condition is looked at.
    static let pollInterval = Duration.milliseconds(20)

    /// Waits until a condition holds.
    ///
    /// - Parameters:
    ///   - what: completes "still not …" in the error.
    ///   - unmet: nil once it holds, else what was seen instead.
    /// - Throws: `timedOut` with what was seen last and the end of the log.
    func wait(
        for what: String,
        within limit: Duration,
        _ unmet: () async throws(ClusterError) -> String?
    ) async throws(ClusterError) {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while let seen = try await unmet() {
            guard clock.now < deadline else {
                throw self.failure(.timedOut, "\(self.name) was not \(what) within \(limit); last seen: \(seen)")
            }
            do {
                try await clock.sleep(for: Self.pollInterval)
            } catch {
                throw self.failure(.cancelled, "cancelled while \(self.name) was not yet \(what); last seen: \(seen)", withLog: false)
            }
        }
    }

    /// Waits until a query gives an answer.
    func waitForSQL(_ sql: String, toBe expected: String, for what: String, within limit: Duration) async throws(ClusterError) {
        try await self.wait(for: what, within: limit) { () throws(ClusterError) in
            let answer = try await self.psql(sql)
            return answer == expected ? nil : answer
        }
    }
}
