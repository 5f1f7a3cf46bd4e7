import DemoShared
import Wherry
import WherryPostgres

/// The replica in the app's own region, where it reads.
struct LocalReplica: Sendable {
    private let pool: PostgresPool

    init(_ pool: PostgresPool) {
        self.pool = pool
    }

    /// Whether a step's row for an airport can be seen here and now.
    func holds(_ airport: Airport, of step: DemoStep) async throws -> Bool {
        try await self.count("SELECT count(*) FROM airports WHERE step = \(step.rawValue) AND code = \(airport.code)") > 0
    }

    /// How many rows of a step can be seen here and now.
    func rows(of step: DemoStep) async throws -> Int {
        try await self.count("SELECT count(*) FROM airports WHERE step = \(step.rawValue)")
    }

    private func count(_ sql: SQL) async throws -> Int {
        try await self.pool.withConnection { connection in
            try await connection.query(sql).rows.first?.decode(Int.self) ?? 0
        }
    }
}
