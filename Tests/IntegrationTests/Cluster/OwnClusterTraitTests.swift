import Testing
import WherryTestKit

@Suite("The trait .ownCluster", .ownCluster(), .timeLimit(.minutes(2)))
struct OwnClusterTraitTests {
    @Test("gives a test servers of its own to break")
    func breaks() async throws {
        let cluster = TestCluster.current
        try await cluster.primary.psql("CREATE TABLE ship (name text)")
        try await cluster.waitUntilCaughtUp()
        try await cluster.primary.crash()
        try await cluster.replica.promote()
        try await cluster.replica.psql("INSERT INTO ship VALUES ('wherry')")
        try await eventually("it is there") {
            try await cluster.replica.psql("SELECT name FROM ship")
        } until: {
            $0 == "wherry"
        }
        let shared = try await SharedCluster.cluster()
        #expect(shared !== cluster)
    }
}
