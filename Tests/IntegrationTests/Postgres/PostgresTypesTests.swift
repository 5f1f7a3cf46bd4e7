import Foundation
import Testing
import WherryCore
import WherryTestKit

@testable import WherryPostgres

/// Sends a value through the server and back.
private func roundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(
    _ values: [Value],
    as type: String,
    on connection: PostgresConnection,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    for value in values {
        let sql: SQL = "SELECT \(value)::" + SQL(unsafe: type)
        let back = try await connection.scalar(sql, as: Value.self)
        #expect(back == value, "as \(type)", sourceLocation: sourceLocation)
    }
}

@Suite("Types, through a server and back", .postgres, .timeLimit(.minutes(2)))
struct PostgresTypesTests {
    @Test("integers of all widths, at their extremes")
    func integers() async throws {
        try await PostgresBench.withConnection { connection async throws in
            try await roundTrip([Int.min, -1, 0, 1, Int.max], as: "bigint", on: connection)
            try await roundTrip([Int64.min, Int64.max], as: "bigint", on: connection)
            try await roundTrip([Int32.min, Int32.max], as: "integer", on: connection)
            try await roundTrip([Int16.min, Int16.max], as: "smallint", on: connection)
            try await roundTrip([Int8.min, Int8.max], as: "smallint", on: connection)
            try await roundTrip([UInt8.min, UInt8.max], as: "smallint", on: connection)
            try await roundTrip([UInt16.max], as: "integer", on: connection)
            try await roundTrip([UInt32.max], as: "bigint", on: connection)
            try await roundTrip([UInt64(Int64.max)], as: "bigint", on: connection)
            try await roundTrip([Int?.none, 7], as: "bigint", on: connection)
            #expect(try await connection.scalar("SELECT sum(n) FROM generate_series(1, 100::bigint) n", as: Int.self) == 5050)
            #expect(try await connection.scalar("SELECT 4294967295::oid", as: UInt32.self) == .max)
            #expect(try await connection.scalar("SELECT '18446744073709551615'::xid8", as: UInt64.self) == .max)
        }
    }

    @Test("numbers that do not fit are refused, not cut off")
    func overflow() async throws {
        try await PostgresBench.withConnection { connection async throws in
            for (sql, reason): (SQL, String) in [
                ("SELECT 300::bigint", "out of its range"), ("SELECT 1.5", "not a whole number"), ("SELECT 'a'::text", "cannot be read"),
                ("SELECT NULL::bigint", "NULL"),
            ] {
                let error = await #expect(throws: PostgresError.self) { try await connection.scalar(sql, as: UInt8.self) }
                #expect(error?.code == .decoding)
                #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
            }
            let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT \(UInt64.max)") }
            #expect(error?.code == .encoding)
            #expect(await connection.isHealthy)
        }
    }

    @Test("floating-point numbers, with infinities and NaN")
    func floats() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let doubles = [0, -0.0, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity, -.infinity]
            try await roundTrip(doubles, as: "double precision", on: connection)
            try await roundTrip([Float.pi, .greatestFiniteMagnitude, .infinity], as: "real", on: connection)
            #expect(try await connection.scalar("SELECT \(Double.nan)", as: Double.self).isNaN)
            #expect(try await connection.scalar("SELECT 12345.6789::numeric", as: Double.self) == 12345.6789)
        }
    }

    @Test("numeric as text keeps every digit")
    func numerics() async throws {
        let texts = [
            "0", "0.00", "1", "-1", "10000", "99999999", "12345678901234567890.123456789", "0.0001", "0.00012345", "-0.5", "100000000000",
            "1000000.10", "NaN", "Infinity", "-Infinity", "3.14159265358979323846264338327950288",
        ]
        try await PostgresBench.withConnection { connection async throws in
            for text in texts { #expect(try await connection.scalar("SELECT \(text)::numeric", as: String.self) == text) }
        }
    }

    @Test("text, from nothing to the far ends of Unicode")
    func text() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let texts = ["", "'; DROP TABLE x; --", "Grüße", "👩‍👩‍👧‍👦", "\u{10FFFF}\u{1}", String(repeating: "x", count: 1_000_000)]
            try await roundTrip(texts, as: "text", on: connection)
            try await roundTrip(["a", "b"], as: "varchar", on: connection)
            try await roundTrip([String?.none], as: "text", on: connection)
            #expect(try await connection.scalar("SELECT 'x'::\"char\"", as: String.self) == "x")
            #expect(try await connection.scalar("SELECT current_user", as: String.self) == "postgres")
            let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT \("a\0b")") }
            #expect(error?.code == .encoding)
        }
    }

    @Test("a string fits what text can be read as: enumerations, dates, JSON, uuid")
    func stringsAsLiterals() async throws {
        try await PostgresBench.withConnection { connection async throws in
            _ = try await connection.query("CREATE TYPE mood AS ENUM ('glad', 'sad')")
            _ = try await connection.query("CREATE TABLE entry (mood mood, day date, data jsonb, id uuid)")
            let id = UUID()
            let count = try await connection.execute(
                "INSERT INTO entry VALUES (\("sad"), \("2024-02-29"), \(#"{"a": 1}"#), \(id.uuidString))"
            )
            #expect(count == 1)
            let row = try #require(try await connection.query("SELECT * FROM entry WHERE mood = \("sad")").rows.first)
            let (mood, day, data, back) = try row.decode(as: (String, Date, String, UUID).self)
            #expect((mood, data, back) == ("sad", #"{"a": 1}"#, id))
            #expect(day.timeIntervalSince1970 == 1_709_164_800)
            #expect(throws: PostgresError.self) { try row.decode("day", as: String.self) }
        }
    }

    @Test("booleans, bytes, UUIDs, job ids and LSNs")
    func others() async throws {
        try await PostgresBench.withConnection { connection async throws in
            try await roundTrip([true, false], as: "boolean", on: connection)
            try await roundTrip([[], [0], Array(0...255)] as [[UInt8]], as: "bytea", on: connection)
            try await roundTrip([[UInt8]?.none], as: "bytea", on: connection)
            try await roundTrip([UUID()], as: "uuid", on: connection)
            try await roundTrip([JobID(uuid: UUID())], as: "uuid", on: connection)
            try await roundTrip([LSN.zero, LSN(rawValue: .max), LSN(rawValue: 0x16_B374_D848)], as: "pg_lsn", on: connection)
            #expect(try await connection.scalar("SELECT \(LSN(rawValue: 0x16_B374_D848))::text", as: String.self) == "16/B374D848")
        }
    }

    @Test("dates, to the microsecond, from 4713 BC to infinity")
    func dates() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let dates = [0, 1, -1, 1_732_310_000.123456, -62_135_596_800, 9_223_371_331_199 - 1].map(Date.init(timeIntervalSince1970:))
            for date in dates {
                let back = try await connection.scalar("SELECT \(date)", as: Date.self)
                #expect(abs(back.timeIntervalSince(date)) <= 1e-6 * max(1, abs(date.timeIntervalSince1970) / 1e10))
            }
            let infinite = [Double.infinity, -.infinity].map(Date.init(timeIntervalSinceReferenceDate:))
            try await roundTrip(infinite, as: "timestamptz", on: connection)
            #expect(try await connection.scalar("SELECT \(infinite[0])::text", as: String.self) == "infinity")
            #expect(try await connection.scalar("SELECT '-infinity'::date", as: Date.self) == infinite[1])
            #expect(
                try await connection.scalar("SELECT '2000-01-01 00:00:00.000001+00'::timestamptz", as: Date.self).timeIntervalSince1970
                    > 946_684_800)
            #expect(try await connection.scalar("SELECT '1999-12-31'::timestamp", as: Date.self).timeIntervalSince1970 == 946_598_400)
            for date in [1e15, -1e15, .nan].map(Date.init(timeIntervalSinceReferenceDate:)) {
                let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT \(date)") }
                #expect(error?.code == .encoding)
            }
        }
    }

    @Test("arrays: empty, with NULLs, of every element type; no more than one dimension")
    func arrays() async throws {
        try await PostgresBench.withConnection { connection async throws in
            try await roundTrip([[], [1, -2, 3]] as [[Int]], as: "bigint[]", on: connection)
            try await roundTrip([[1, nil, 3], [nil]] as [[Int32?]], as: "integer[]", on: connection)
            try await roundTrip([["a", "", "{\"'\\"], []], as: "text[]", on: connection)
            try await roundTrip([["a", nil]] as [[String?]], as: "text[]", on: connection)
            try await roundTrip([[true, false]], as: "boolean[]", on: connection)
            try await roundTrip([[UUID()]], as: "uuid[]", on: connection)
            try await roundTrip([[1.5, .infinity]] as [[Double]], as: "double precision[]", on: connection)
            try await roundTrip([[[1, 2], [], [0]]] as [[[UInt8]]], as: "bytea[]", on: connection)
            try await roundTrip([[1, nil]] as [[UInt8?]], as: "smallint[]", on: connection)
            try await roundTrip([[PostgresJSON(["a": 1])]], as: "jsonb[]", on: connection)
            try await roundTrip([[Int]?.none], as: "bigint[]", on: connection)
            #expect(try await connection.query("SELECT unnest(\(["x", "y"]))", as: String.self) == ["x", "y"])
            #expect(try await connection.scalar("SELECT 3 = ANY(\([1, 2, 3]))", as: Bool.self))
            for sql: SQL in ["SELECT '{{1,2},{3,4}}'::bigint[]", "SELECT ARRAY[1, NULL]::bigint[]", "SELECT ARRAY['a']", "SELECT 1"] {
                let error = await #expect(throws: PostgresError.self) { try await connection.scalar(sql, as: [Int].self) }
                #expect(error?.code == .decoding)
            }
            let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT \([[1], [2]])") }
            #expect(error?.code == .encoding)
        }
    }

    private struct Harbour: Codable, Sendable, Equatable {
        enum Kind: String, Codable, PostgresDecodable, PostgresEncodable { case sea, river }
        struct Place: Codable, Sendable, Equatable { var latitude: Double }
        enum Depth: Int, Codable { case shallow = 1 }
        var id: Int
        var name: String?
        var kind: Kind
        var openedAt: Date
        var place: Place
        var tags: [String]
        var depth: Depth
    }

    @Test("Decodable structs by column names, with optionals, enumerations, arrays and JSON in them")
    func decodable() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let harbour = Harbour(
                id: 7, name: nil, kind: .river, openedAt: Date(timeIntervalSince1970: 86_400), place: Harbour.Place(latitude: 53.5),
                tags: ["a", "b"], depth: .shallow
            )
            let sql: SQL = """
                SELECT \(harbour.id) AS id, \(harbour.name)::text AS name, \(harbour.kind)::text AS kind, \(harbour.openedAt) AS opened_at,
                       \(PostgresJSON(harbour.place)) AS place, \(harbour.tags) AS tags, \(harbour.depth.rawValue) AS depth, 'more' AS ignored
                """
            #expect(try await connection.query(sql, as: Harbour.self) == [harbour])
            let missing = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1 AS id", as: Harbour.self) }
            #expect(missing?.code == .unexpectedShape)
            #expect(missing?.message.contains("\"kind\"") == true)
            let wrong = await #expect(throws: PostgresError.self) {
                try await connection.query("SELECT 1 AS id, 'lake' AS kind", as: Harbour.self)
            }
            #expect(wrong?.code == .decoding)
        }
    }

    @Test("tuples and scalars, and clear errors when the shape is another one")
    func shapes() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let rows = try await connection.query("SELECT n, 'x' || n FROM generate_series(1, 3) n", as: (Int, String).self)
            #expect(rows.map(\.0) == [1, 2, 3])
            #expect(rows.map(\.1) == ["x1", "x2", "x3"])
            for sql: SQL in ["SELECT 1, 2", "SELECT 1 WHERE false", "SELECT generate_series(1, 2)"] {
                let error = await #expect(throws: PostgresError.self) { try await connection.scalar(sql, as: Int.self) }
                #expect(error?.code == .unexpectedShape)
            }
            let row = try #require(try await connection.query("SELECT 1 AS a").rows.first)
            #expect(throws: PostgresError.self) { try row.cell(1) }
            #expect(throws: PostgresError.self) { try row.cell("b") }
            #expect(try row.decode("a", as: Int.self) == 1)
        }
    }
}
