import Foundation
import Testing
import Wherry
import WherryTestKit

@Suite("wherry status and wherry call, with a broker and a worker at work", .timeLimit(.minutes(3)))
struct StatusAndCallTests {
    private static func object(_ run: Tool.Run) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    }

    /// What the tool finds in its environment in the client's region.
    private static func environment(_ regions: Regions) -> [String: String] {
        [
            "WHERRY_REGION": "lax", "WHERRY_PRIMARY_REGION": "syd", "WHERRY_BROKERS": regions.endpoint(0),
            "DATABASE_URL": regions.database.replica.url,
        ]
    }

    @Test("Status tells brokers, workers, jobs and the replica's lag")
    func status() async throws {
        try await Regions.run(handlers: .items) { regions in
            try await regions.client.call(AddItem(item: 1))
            let run = try await Tool.run(
                ["status", "--json", "--primary-database", regions.database.primary.url], environment: Self.environment(regions))
            #expect(run.status == 0)
            let status = try Self.object(run)
            let broker = try #require((status["brokers"] as? [[String: Any]])?.first)
            #expect(broker["region"] as? String == "syd")
            #expect(broker["workers"] as? Int == 1)
            #expect(broker["clients"] as? Int == 2)
            let worker = try #require((status["workers"] as? [[String: Any]])?.first)
            #expect(worker["region"] as? String == "syd")
            #expect(worker["is_serving"] as? Bool == true)
            let jobs = try #require(status["jobs"] as? [[String: Any]])
            #expect(jobs.contains { $0["name"] as? String == "items.add" && $0["workers"] as? Int == 1 })
            let databases = try #require(status["databases"] as? [[String: Any]])
            #expect(databases.contains { $0["name"] as? String == "local database" && $0["lag_bytes"] is Int })

            let table = try await Tool.run(["status"], environment: Self.environment(regions))
            #expect(table.status == 0)
            #expect(table.output.contains("items.add"))

            let doctor = try await Tool.run(["doctor", "--json"], environment: Self.environment(regions))
            #expect(doctor.status == 0)
            #expect(doctor.output.contains("items.add"))
        }
    }

    @Test("A broker that does not answer is shown as such, beside those that do, and the status is 69")
    func silent() async throws {
        try await Regions.run(handlers: .items) { regions in
            let run = try await Tool.run(
                ["status", "--brokers", "\(regions.endpoint(0)),tcp://127.0.0.1:1", "--timeout", "500ms"])
            #expect(run.status == 69)
            #expect(run.output.contains("no connection within"))
            #expect(run.output.contains("syd"))
        }
    }

    @Test("A call prints the output, and what it did is there")
    func call() async throws {
        try await Regions.run(handlers: .items) { regions in
            let environment = Self.environment(regions)
            let run = try await Tool.run(["call", "items.add", "{\"item\":7}"], environment: environment)
            #expect(run.status == 0)
            #expect(run.output.trimmingCharacters(in: .newlines) == "7")
            #expect(run.errors.contains("replay wait"))
            #expect(try await regions.itemsAtPrimary() == 1)

            let json = try await Tool.run(["call", "items.add", "{\"item\":8}", "--json"], environment: environment)
            let object = try Self.object(json)
            #expect(object["result"] as? Int == 8)
            let text = try #require(object["id"] as? String)
            let id = try #require(JobID(text))
            #expect(try await regions.client.outcome(of: id)?.isCommitted == true)

            let unknown = try await Tool.run(["call", "items.ad", "{}"], environment: environment)
            #expect(unknown.status == 1)
            #expect(unknown.errors.contains("did you mean items.add"))

            let failed = try await Tool.run(["call", "items.fail", "{\"item\":9}"], environment: environment)
            #expect(failed.status == 1)
            #expect(failed.output.contains("\"item\":9"))
            #expect(failed.errors.contains("handler-failed"))

            let unheard = try await Tool.run(
                ["call", "items.add", "{\"item\":1}", "--brokers", "tcp://127.0.0.1:1", "--deadline", "500ms"], environment: environment)
            #expect(unheard.status == 69)
            #expect(try await regions.itemsAtPrimary() == 2)
        }
    }
}
