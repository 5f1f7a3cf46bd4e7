import Foundation
import Testing
import WherryMigrations
import WherryTestKit

@Suite("wherry doctor", .timeLimit(.minutes(2)))
struct DoctorToolTests {
    private struct Report: Decodable {
        struct Finding: Decodable {
            var severity: String
            var topic: String
            var seen: String
            var advice: String?
        }

        var problems: Int
        var warnings: Int
        var findings: [Finding]

        func severities(of topic: String) -> Set<String> { Set(self.findings.filter { $0.topic == topic }.map(\.severity)) }
    }

    private static func run(_ arguments: String...) async throws -> (status: Int32, report: Report) {
        let run = try await Tool.run(["doctor", "--json"] + arguments)
        return (run.status, try JSONDecoder().decode(Report.self, from: Data(run.output.utf8)))
    }

    @Test("On a primary and its replica with roles as they should be it has no problem to tell", .postgres(.wherry))
    func healthy() async throws {
        let database = TestDatabase.current
        let (worker, app) = ("worker_\(database.name)", "app_\(database.name)")
        for role in [worker, app] { try await database.cluster.primary.makeRole(role) }
        try await database.psql((Grants.worker(worker) + Grants.app(app)).joined(separator: ";"))
        try await database.waitUntilCaughtUp()
        var primary = database.primary
        primary.user = worker
        var replica = database.replica
        replica.user = app

        let (status, report) = try await Self.run("--primary-database", primary.url, "--database", replica.url)
        #expect(status == 0)
        #expect(report.problems == 0, "\(report.findings.filter { $0.severity == "problem" })")
        for topic in ["connection", "versions", "schema", "roles", "privileges", "poolers", "partitions", "retention", "clock", "timeouts"]
        {
            #expect(report.severities(of: topic) == ["ok"], "\(topic)")
        }
        // Nobody but a superuser or a monitor sees how far replicas are; the local one says so itself.
        #expect(report.findings.contains { $0.topic == "replication" && $0.severity == "ok" && $0.seen.contains("behind the primary") })
        // The tests' servers run without fsync.
        #expect(report.findings.contains { $0.topic == "commits" && $0.seen.contains("fsync") })
        try await database.psql("DROP OWNED BY \(worker), \(app); DROP ROLE \(worker), \(app)")
    }

    @Test("A superuser sees the replica's lag, and is told that this is more than is needed", .postgres(.wherry))
    func superuser() async throws {
        let (status, report) = try await Self.run("--database", TestDatabase.current.primary.url)
        #expect(status == 0)
        #expect(report.severities(of: "privileges") == ["warning"])
        #expect(report.findings.contains { $0.topic == "replication" && $0.seen.contains("streaming") })
        #expect(report.findings.contains { $0.topic == "slots" })
    }

    @Test("A missing schema, a missing privilege, a standby as primary, a silent broker are problems with the command to run", .postgres)
    func problems() async throws {
        let database = TestDatabase.current
        let (status, report) = try await Self.run("--database", database.primary.url)
        #expect(status == 2)
        #expect(report.findings.contains { $0.topic == "schema" && $0.advice?.contains("wherry migrate up") == true })

        let role = "outsider_\(database.name)"
        try await database.cluster.primary.makeRole(role)
        #expect(try await Tool.run("migrate", "up", "--database", database.primary.url).status == 0)
        try await database.waitUntilCaughtUp()
        var outsider = database.primary
        outsider.user = role
        let (_, lacking) = try await Self.run("--database", outsider.url)
        #expect(lacking.findings.contains { $0.topic == "privileges" && $0.severity == "problem" && $0.advice?.contains("GRANT") == true })

        let (_, swapped) = try await Self.run("--primary-database", database.replica.url)
        #expect(swapped.findings.contains { $0.topic == "roles" && $0.severity == "problem" })

        let (silent, unheard) = try await Self.run("--brokers", "tcp://127.0.0.1:1", "--timeout", "300ms")
        #expect(silent == 2)
        #expect(unheard.findings.map(\.topic) == ["versions", "versions", "brokers"])
        try await database.psql("DROP ROLE \(role)")
    }

    @Test("A database that does not answer is a problem, and its password is not told")
    func unreachable() async throws {
        let run = try await Tool.run("doctor", "--database", "postgres://owner:secret@127.0.0.1:1/app")
        #expect(run.status == 2)
        #expect(run.output.contains("127.0.0.1"))
        #expect(!run.output.contains("secret") && !run.errors.contains("secret"))
    }
}
