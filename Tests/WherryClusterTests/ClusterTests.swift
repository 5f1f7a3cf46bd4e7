import Testing
import WherryCluster

@Suite("A cluster of real servers")
struct ClusterTests {
    @Test("is up, streaming and caught up within moments", .timeLimit(.minutes(1)))
    func start() async throws {
        let clock = ContinuousClock()
        let began = clock.now
        try await Cluster.withCluster { cluster in
            print("up after", clock.now - began)
            try await cluster.primary.psql("CREATE TABLE ship (name text); INSERT INTO ship VALUES ('wherry')")
            try await cluster.waitUntilCaughtUp()
            #expect(try await cluster.replica.psql("SELECT * FROM ship") == "wherry")
            #expect(try await cluster.replica.isStandby())
            #expect(try await !cluster.primary.isStandby())
        }
    }
}
