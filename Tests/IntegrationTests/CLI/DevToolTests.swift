import Foundation
import Logging
import Subprocess
import Testing
import WherryPostgres
import WherryTestKit

@Suite("wherry dev", .timeLimit(.minutes(4)))
struct DevToolTests {
    private static let regionsUp = "export WHERRY_REGION='lax'"

    /// A project of its own for a test.
    private static func withProject(_ body: (String) async throws -> Void) async throws {
        let project = NSTemporaryDirectory() + "wherry-project-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: project, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(atPath: project) }
        try await body(project)
    }

    private static func variables(_ region: String, in project: String) throws -> [String: String] {
        let text = try String(contentsOfFile: "\(project)/.wherry/env/\(region).env", encoding: .utf8)
        return Dictionary(
            uniqueKeysWithValues: text.split(separator: "\n").map { line in
                let parts = line.split(separator: "=", maxSplits: 1)
                return (String(parts[0]), String(parts[1]))
            })
    }

    private static func query(_ sql: String, region: String, in project: String) async throws -> [String] {
        let url = try #require(try Self.variables(region, in: project)["DATABASE_URL"])
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url), logger: Logger(label: "test"))
        let rows: [String]
        do {
            rows = try await connection.query(SQL(unsafe: sql)).rows.decode(as: String.self)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        return rows
    }

    private static func notes(in project: String) async throws -> [String] {
        try await Self.query("SELECT text FROM notes ORDER BY text", region: "syd", in: project)
    }

    @Test("Two regions run, tell their environment, keep their data, survive a crash and start anew")
    func life() async throws {
        try await Self.withProject { project in
            let dev = ["dev", "--folder", project]

            let first = try await Tool.withRunning(dev + ["--rtt", "40ms"], until: Self.regionsUp) { lines, send in
                #expect(lines.contains("export WHERRY_REGION='syd'"))
                #expect(try await Self.query("SELECT pg_is_in_recovery()::text", region: "syd", in: project) == ["false"])
                #expect(try await Self.query("SELECT pg_is_in_recovery()::text", region: "lax", in: project) == ["true"])
                _ = try await Self.query("CREATE TABLE notes (text text)", region: "syd", in: project)
                _ = try await Self.query("INSERT INTO notes VALUES ('first')", region: "syd", in: project)

                let second = try await Tool.run(dev)
                #expect(second.status == 0)
                #expect(second.errors.contains("runs already"))
                #expect(second.output.split(separator: "\n").map(String.init) == lines.filter { !$0.isEmpty })
                let shell = try await Tool.run(dev + ["--env", "lax"])
                #expect(shell.output.hasPrefix("export DATABASE_URL='postgresql://"))
                #expect(try await Tool.run(dev + ["--env", "gru"]).status == 64)
                #expect(try await Tool.run(dev + ["--reset"]).status == 75)

                let lax = try Self.variables("lax", in: project)
                let status = try await Tool.run(["status", "--json"], environment: lax)
                #expect(status.status == 0)
                let report = try #require(try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any])
                let away = (report["brokers"] as? [[String: Any]])?.first?["round_trip_milliseconds"] as? Double
                #expect(try #require(away) >= 40, "the broker is an ocean away")
                #expect(try await Tool.run(["doctor"], environment: lax).status == 0)
                try send(.terminate)
            }
            #expect(first.status == 0)
            #expect(first.errors.contains("stopped"))
            #expect(!FileManager.default.fileExists(atPath: "\(project)/.wherry/env"))
            for region in ["syd", "lax"] {
                #expect(!FileManager.default.fileExists(atPath: "\(project)/.wherry/servers/\(region)/data/postmaster.pid"))
            }
            #expect(try String(contentsOfFile: "\(project)/.wherry/.gitignore", encoding: .utf8) == "*\n")
            #expect(try await Tool.run(dev + ["--env", "lax"]).status == 69)

            // Killed without a chance to clear up.
            let killed = try await Tool.withRunning(dev, until: Self.regionsUp) { lines, send in
                #expect(try await Self.notes(in: project) == ["first"])
                _ = try await Self.query("INSERT INTO notes VALUES ('second')", region: "syd", in: project)
                try send(.kill)
            }
            #expect(killed.status == -9)

            let recovered = try await Tool.withRunning(dev, until: Self.regionsUp) { lines, send in
                #expect(try await Self.notes(in: project) == ["first", "second"])
                #expect(
                    first.output.split(separator: "\n").filter { $0.contains("DATABASE_URL") }
                        == lines.filter { $0.contains("DATABASE_URL") }.map { $0[...] }, "the ports are the same")
                try send(.interrupt)
            }
            #expect(recovered.status == 0)

            let other = try await Tool.run(dev + ["--primary", "fra"])
            #expect(other.status == 64)
            #expect(other.errors.contains("--reset"))

            let anew = try await Tool.withRunning(
                dev + ["--reset", "--primary", "fra", "--rtt", "0ms"], until: Self.regionsUp
            ) { _, send in
                let tables = try await Self.query("SELECT coalesce(to_regclass('notes')::text, 'none')", region: "fra", in: project)
                #expect(tables == ["none"])
                try send(.terminate)
            }
            #expect(anew.status == 0)
        }
    }
}
