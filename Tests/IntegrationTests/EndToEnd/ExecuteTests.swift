import Foundation
import Testing
import Wherry
import WherryTestKit
import WherryWorker

@Suite("One statement, executed at the primary", .timeLimit(.minutes(2)))
struct ExecuteTests {
    private struct Item: Decodable, Equatable {
        enum Colour: String, Decodable, PostgresDecodable { case red, blue }
        struct Size: Decodable, Equatable {
            var width: Int
        }

        var itemID: Int
        var colour: Colour?
        var size: Size
    }

    @Test func `it counts rows, returns them in every form, and they are visible here`() async throws {
        try await Regions.run(handlers: Handlers()) { regions in
            let client = regions.client
            #expect(try await client.execute("INSERT INTO items SELECT generate_series(1, \(5)::int)") == 5)
            #expect(try await regions.itemsHere() == 5)
            #expect(
                try await client.execute("UPDATE items SET item = item + 10 WHERE item > \(3) RETURNING item", as: Int.self).sorted() == [
                    14, 15,
                ])
            let rows = try await client.execute(
                "SELECT item, NULLIF(item, 1)::text FROM items ORDER BY item LIMIT 2", as: (Int, String?).self)
            #expect(rows.map(\.0) == [1, 2])
            #expect(rows.map(\.1) == [nil, "2"])
            let structs = try await client.execute(
                """
                SELECT item AS item_id, CASE item WHEN 1 THEN 'red' END AS colour, json_build_object('width', item) AS size
                FROM items ORDER BY item LIMIT 2
                """,
                as: Item.self
            )
            #expect(structs.map(\.colour) == [.red, nil])
            #expect(structs.map(\.size.width) == [1, 2])
            #expect(structs.map(\.itemID) == [1, 2])
            #expect(try await client.execute("DELETE FROM items WHERE false RETURNING item", as: Int.self) == [])
            #expect(try await client.execute("DELETE FROM items") == 5)
            #expect(try await regions.itemsHere() == 0)
        }
    }

    @Test func `parameters of every type come through unchanged`() async throws {
        try await Regions.run(handlers: Handlers()) { regions in
            let client = regions.client
            func echo<Value: PostgresEncodable & PostgresDecodable & Equatable>(_ value: Value, as type: SQL = "") async throws {
                let found = try await client.execute("SELECT \(value)\(type)", as: Value.self)
                #expect(found == [value])
            }
            try await echo(true)
            try await echo(Int16.min)
            try await echo(Int32.max)
            try await echo(Int64.min)
            try await echo(UInt64(Int64.max))
            try await echo(1.5 as Float)
            try await echo(-Double.infinity)
            try await echo("12345678901234567890.000100", as: "::numeric")
            try await echo("ä \u{1F6F6} 'quoted' \\ $1", as: "::text")
            try await echo([0, 255, 10] as [UInt8])
            try await echo(UUID())
            try await echo(Date(timeIntervalSince1970: 1_700_000_000.123_456))
            try await echo([1, nil, 3] as [Int?])
            try await echo(["a", "", "ü"], as: "::text[]")
            try await echo([] as [Int64])
            try await echo(nil as Int?)
            try await echo(nil as String?, as: "::text")
            #expect(try await client.execute("SELECT \("{\"a\": [1]}")::jsonb ->> 'a'", as: String.self) == ["[1]"])
        }
    }

    @Test func `what would leave its transaction is refused here, unsent, and in the worker too`() async throws {
        try await Regions.run(handlers: Handlers()) { regions in
            for statement in ["/* x */ COMMIT", "; BEGIN", "SET LOCAL TRANSACTION READ ONLY", "COPY items FROM stdin"] {
                let error = try await jobError { try await regions.client.execute(SQL(unsafe: statement)) }
                #expect(error.code == .statementRefused, "\(error)")
                #expect(error.jobID == nil)
            }
            let zero = try await jobError { try await regions.client.execute("SELECT \("a\0b")") }
            #expect(zero.code == .statementRefused)
            // Whoever speaks the protocol without this client.
            var smuggled = try ExecuteStatement("SELECT 1", returnsRows: false)
            smuggled.text = "ROLLBACK"
            let refused = try await jobError { try await regions.client.call(smuggled) }
            #expect(refused.code == .handlerFailed)
            #expect(refused.message.contains("ROLLBACK"), "\(refused)")
        }
    }

    @Test func `what the server says comes home with its SQLSTATE, and nothing is left behind`() async throws {
        try await Regions.run(handlers: Handlers()) { regions in
            try await regions.client.execute("CREATE UNIQUE INDEX only_once ON items (item)")
            try await regions.client.execute("INSERT INTO items VALUES (1)")
            let error = try await jobError { try await regions.client.execute("INSERT INTO items VALUES (2), (1)") }
            #expect(error.code == .handlerFailed)
            let cause = try #require(error.cause as? PostgresError)
            #expect(cause.sqlState == .uniqueViolation)
            #expect(cause.constraint == "only_once")
            #expect(error.message.contains("23505"), "\(error)")
            #expect(try await regions.itemsAtPrimary() == 1)
            let decoding = try await jobError { _ = try await regions.client.execute("SELECT 'x'", as: Int.self) }
            #expect(decoding.code == .undecodableResult)
        }
    }

    @Test func `rows beyond the worker's limit are refused by name, and undone`() async throws {
        try await Regions.run(handlers: Handlers(), workers: 0) { regions in
            let worker = regions.startWorker(Handlers(), brokers: [regions.endpoint(0)]) { $0.maximumPayloadSize = 1024 }
            let error = try await jobError {
                _ = try await regions.client.execute("INSERT INTO items SELECT generate_series(1, 1000) RETURNING item", as: Int.self)
            }
            #expect(error.code == .tooLarge)
            #expect(error.message.contains("1024"), "\(error)")
            #expect(try await regions.itemsAtPrimary() == 0)
            try await worker.stop()
        }
    }

    @Test func `a worker can be told not to`() async throws {
        try await Regions.run(handlers: .items, workers: 0) { regions in
            let worker = regions.startWorker(.items, brokers: [regions.endpoint(0)]) { $0.executesStatements = false }
            try await regions.client.call(AddItem(item: 1))
            let error = try await jobError { try await regions.client.execute("DELETE FROM items") }
            #expect(error.code == .unknownJob)
            #expect(error.message.contains("switched off"), "\(error)")
            #expect(try await regions.itemsAtPrimary() == 1)
            try await worker.stop()
        }
    }
}
