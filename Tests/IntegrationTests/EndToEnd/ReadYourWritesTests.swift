import Testing
import Wherry
import WherryTestKit

// Ten thousand calls and reads of a debug build that shares two cores with other tests: two minutes alone, twice that in company.
@Suite("Reads after a value see their write", .timeLimit(.minutes(10)))
struct ReadYourWritesTests {
    @Test func `none of 10 000 reads misses its write, with four writers and background load on the primary`() async throws {
        try await Regions.run(handlers: .items, workers: 2) { regions in
            try await regions.database.psql("CREATE TABLE noise (filler text)")
            let misses = try await withThrowingTaskGroup(of: Int.self) { group in
                let noise = group.addTaskUnlessCancelled { try await Self.makeNoise(on: regions) }
                #expect(noise)
                for writer in 0..<4 {
                    group.addTask { try await Self.write(2_500, as: writer, on: regions) }
                }
                var misses = 0
                for _ in 0..<4 { misses += try await group.next() ?? 0 }
                group.cancelAll()
                return misses
            }
            #expect(misses == 0)
            #expect(try await regions.itemsHere() == 10_000)
            let noise = Int(try await regions.database.psql("SELECT count(*) FROM noise")) ?? 0
            #expect(noise > 100, "there was load on the primary")
        }
    }

    /// Writes items one after another, reads each back at once, and counts the reads that miss.
    private static func write(_ count: Int, as writer: Int, on regions: Regions) async throws -> Int {
        var misses = 0
        for index in 0..<count {
            let item = writer * 1_000_000 + index
            try await regions.client.call(AddItem(item: item))
            let seen = try await regions.client.read { db in
                try await db.scalar("SELECT EXISTS (SELECT FROM items WHERE item = \(item))", as: Bool.self)
            }
            if !seen { misses += 1 }
        }
        return misses
    }

    /// Commits and rolls back at the primary until it is cancelled; never counts as a writer.
    private static func makeNoise(on regions: Regions) async throws -> Int {
        let configuration = PostgresConfiguration(regions.database.primary.keywords)
        let connection = try await PostgresConnection.connect(configuration, logger: regions.logger)
        var round = 0
        while !Task.isCancelled {
            round += 1
            // Load between all the writes, not a race for the machine's cores: a few hundred transactions a second.
            try? await Task.sleep(for: .milliseconds(2))
            _ = try await connection.query("INSERT INTO noise SELECT repeat('x', 900) FROM generate_series(1, 20)")
            if round.isMultiple(of: 7) {
                _ = try await connection.query("BEGIN")
                _ = try await connection.query("INSERT INTO noise VALUES ('never')")
                _ = try await connection.query("ROLLBACK")
            }
        }
        await connection.close()
        return 0
    }
}
