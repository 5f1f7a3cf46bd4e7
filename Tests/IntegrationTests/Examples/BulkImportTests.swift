import Foundation
import Testing
import WherryTestKit

@Suite("The example BulkImport", .timeLimit(.minutes(2)))
struct BulkImportTests {
    @Test("One job for all rows takes no longer than a few turns of the loop, and the replica shows all of them")
    func runs() async throws {
        try await SharedCluster.withDatabase(from: .wherry) { database in
            let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../examples").standardizedFileURL
            try await database.psql(String(contentsOf: folder.appending(path: "BulkImport/schema.sql"), encoding: .utf8))
            let broker = Program(name: "wherry", arguments: ["broker", "--region", "syd", "--bind", "tcp://127.0.0.1:*"])
            let output = try await broker.whileRunning(waitingFor: Self.endpoint) { endpoint in
                let worker = Program(
                    name: "BulkImportWorker",
                    environment: ["WHERRY_REGION": "syd", "WHERRY_BROKERS": endpoint, "DATABASE_URL": database.primary.url])
                return try await worker.whileRunning {
                    let port = try #require(endpoint.split(separator: ":").last.flatMap { Int($0) })
                    let ocean = try await WANProxy.start(target: port, link: WANLink(delay: .milliseconds(20)))
                    let app = Program(
                        name: "BulkImport",
                        arguments: [folder.appending(path: "airports.csv").path],
                        environment: [
                            "WHERRY_REGION": "lax", "WHERRY_PRIMARY_REGION": "syd", "WHERRY_BROKERS": "tcp://127.0.0.1:\(ocean.port)",
                            "DATABASE_URL": database.replica.url,
                        ])
                    let run = try await app.run()
                    await ocean.stop()
                    #expect(run.status == 0, "\(run.errors)")
                    return run.output
                }
            }

            let loop = try #require(output.firstMatch(of: /a job for each: 20 airports in (\d+) ms, [\d.]+ ms each/))
            let once = try #require(output.firstMatch(of: /one job for all: 377 airports in (\d+) ms, [\d.]+ ms each/))
            #expect(try #require(Int(loop.1)) >= 20 * 40)
            #expect(try #require(Int(once.1)) < #require(Int(loop.1)))
            #expect(output.contains("on the replica here: 377 airports, 181 countries"))
            #expect(try await database.psql("SELECT count(*) FROM airports") == "377")
            #expect(try await database.psql("SELECT city FROM airports WHERE code = 'IST'") == "Arnavutköy, Istanbul")
        }
    }

    private static func endpoint(_ line: String) -> String? {
        line.hasPrefix("listening on ") ? String(line.dropFirst("listening on ".count)) : nil
    }
}
