import FoundationEssentials
import Testing
import WherryCore

@testable import WherryPostgres

@Suite("Values without a server")
struct ValuesTests {
    @Test("results can be made for tests, with NULLs and empty values, and read back")
    func madeResults() throws {
        let id = JobID(uuid: UUID())
        let result = QueryResult(
            columns: [("id", .uuid), ("name", .text), ("count", .int8), ("bytes", .bytea)],
            rows: [
                [id.postgresValue, "a".postgresValue, 7.postgresValue, ([] as [UInt8]).postgresValue],
                [.null(as: .uuid), "".postgresValue, .null(as: .int8), ([0, 255] as [UInt8]).postgresValue],
            ],
            commandTag: "SELECT 2"
        )
        let rows = try result.rows.decode(as: (JobID?, String, Int?, [UInt8]).self)
        #expect(rows.map(\.0) == [id, nil])
        #expect(rows.map(\.1) == ["a", ""])
        #expect(rows.map(\.2) == [7, nil])
        #expect(rows.map(\.3) == [[], [0, 255]])
        #expect(result.rows[0].columnNames == ["id", "name", "count", "bytes"])
        #expect(result.affectedRows == 2)
    }

    @Test("the tag tells how many rows were touched", arguments: [("INSERT 0 12", 12), ("UPDATE 3", 3), ("CREATE TABLE", 0), ("", 0)])
    func tags(tag: String, count: Int) {
        #expect(QueryResult(commandTag: tag).affectedRows == count)
    }

    @Test(
        "malformed bytes are an error, never a crash",
        arguments: [.int8, .int2, .bool, .float8, .uuid, .lsn, .timestamptz, .numeric, .jsonb, PostgresType(rawValue: 1016), .text]
            as [PostgresType]
    )
    func malformed(type: PostgresType) {
        var generator = SplitMix64(seed: 11)
        for length in 0..<40 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let row = QueryResult(columns: [("x", type)], rows: [[.binary(bytes, as: type)]], commandTag: "").rows[0]
            _ = try? row.decode(as: Int.self)
            _ = try? row.decode(as: Bool.self)
            _ = try? row.decode(as: Double.self)
            _ = try? row.decode(as: String.self)
            _ = try? row.decode(as: UUID.self)
            _ = try? row.decode(as: Date.self)
            _ = try? row.decode(as: LSN.self)
            _ = try? row.decode(as: [Int?].self)
            _ = try? row.decode(as: PostgresJSON<[Int]>.self)
        }
    }

    @Test("an array that claims more than it holds is refused")
    func lyingArray() {
        let header =
            Int32(1).bigEndianBytes + Int32(0).bigEndianBytes + UInt32(20).bigEndianBytes + Int32.max.bigEndianBytes
            + Int32(1).bigEndianBytes
        let row = QueryResult(columns: [("x", .int8.array)], rows: [[.binary(header, as: .int8.array)]], commandTag: "").rows[0]
        let error = #expect(throws: PostgresError.self) { try row.decode(as: [Int].self) }
        #expect(error?.code == .decoding)
    }

    @Test("names become columns", arguments: [("createdAt", "created_at"), ("userID", "user_id"), ("id", "id"), ("a1B", "a1_b")])
    func snakeCase(name: String, column: String) {
        #expect(name.snakeCased == column)
    }

    @Test(
        "which errors may pass by themselves",
        arguments: [
            ("40001", true), ("40P01", true), ("08006", true), ("53300", true), ("57P01", true), ("26000", true), ("55P03", true),
            ("23505", false),
            ("42601", false), ("0A000", false), ("25006", false), ("57014", false),
        ]
    )
    func retryable(sqlState: String, expected: Bool) {
        var error = PostgresError(.server, "x")
        error.sqlState = SQLState(rawValue: sqlState)
        #expect(error.isRetryable == expected)
    }
}
