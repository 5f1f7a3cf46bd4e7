internal import WherryCore
internal import WherryEventLoop

extension PostgresConnection {
    /// Puts the session back into the state of a new one, except for prepared statements (correctness.md, rule 26).
    ///
    /// - Parameter timeout: closes the connection if there is no answer by then.
    /// - Returns: false if the connection must not be used again, for example because a transaction is open on it.
    package func reset(within timeout: Duration) async -> Bool {
        guard self.isHealthy, self.transactionStatus == .idle, self.transaction?.machine.isEnded ?? true else { return false }
        return await self.succeeds(Self.resetFlight, within: timeout)
    }

    /// Whether the server answers. An empty segment is enough: a Sync.
    package func isAlive(within timeout: Duration) async -> Bool {
        await self.succeeds(Flight([[]]), within: timeout)
    }

    /// `DISCARD ALL` without what would drop the prepared statements and the caches, and cannot run in one segment with others.
    private static let resetFlight = Flight(
        "RESET SESSION AUTHORIZATION",
        "RESET ROLE",
        "RESET ALL",
        "CLOSE ALL",
        "UNLISTEN *",
        "SELECT pg_advisory_unlock_all()",
        "DISCARD TEMP",
        "DISCARD SEQUENCES"
    )

    private func succeeds(_ flight: Flight, within timeout: Duration) async -> Bool {
        let timer = self.loop.schedule(after: timeout) {
            self.assumeIsolated { $0.end(PostgresError(.connectionLost, "the server did not answer within \(timeout)")) }
        }
        let outcomes = await self.perform(flight)
        timer.cancel()
        return self.isHealthy && outcomes.joined().allSatisfy { $0.result != nil }
    }
}
