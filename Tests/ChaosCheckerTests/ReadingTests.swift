import ChaosLog
import Foundation
import Testing

@testable import ChaosChecker

@Suite("What the chaos run's checker reads", .timeLimit(.minutes(1)))
struct ReadingTests {
    @Test("a log, without the half line that a killed process leaves")
    func log() throws {
        let path = FileManager.default.temporaryDirectory.path + "/chaos-log-\(UInt64.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try ChaosLogFile(path)
        let events: [ChaosEvent] = [.started(app: "app-1.1"), .submitting(call: 1, work: .failure, deadlineMilliseconds: 10), .finished]
        for event in events { file.write(event) }
        let whole = try Data(contentsOf: URL(filePath: path))
        #expect(try ChaosLine.decode(whole).map(\.event) == events)
        #expect(try ChaosLine.decode(whole.dropLast(3)).map(\.event) == Array(events.dropLast()))
        #expect(throws: DecodingError.self) { try ChaosLine.decode(Data("{}\n".utf8)) }
        #expect(throws: (any Error).self) { try ChaosLogFile(path) }
    }

    @Test("what psql printed, and nothing else")
    func contents() async throws {
        let answers = [
            DatabaseContents.receiptsQuery: "a|committed\nb|failed", DatabaseContents.accountsQuery: "0|-5",
            DatabaseContents.ledgerQuery: "a|1|2|30", DatabaseContents.entriesQuery: "a|list|4|5",
            DatabaseContents.ordersQuery: "a|key", DatabaseContents.failuresQuery: "",
        ]
        let contents = try await DatabaseContents.read { answers[$0] ?? "" }
        #expect(contents.receipts == ["a": "committed", "b": "failed"])
        #expect(contents.accounts == [0: -5])
        #expect(contents.ledger == [.init(job: "a", source: 1, target: 2, amount: 30)])
        #expect(contents.entries == [.init(job: "a", list: "list", number: 4, position: 5)])
        #expect(contents.orders == [.init(job: "a", key: "key")])
        #expect(contents.failures == [])
        await #expect(throws: DatabaseContents.Unreadable.self) { try await DatabaseContents.read { _ in "psql: error" } }
    }
}
