import Testing
import WherryCore

@testable import WherryPostgres

@Suite("SQL by interpolation")
struct SQLTests {
    @Test("binds values, and never makes them text")
    func binds() {
        let name = "'; DROP TABLE item; --"
        let sql: SQL = "SELECT * FROM item WHERE id = \(7) AND name = \(name) AND gone IS NOT DISTINCT FROM \(Int32?.none)"
        #expect(sql.text == "SELECT * FROM item WHERE id = $1 AND name = $2 AND gone IS NOT DISTINCT FROM $3")
        #expect(sql.binds.map(\.type) == [.int8, .unspecified, .int4])
        #expect(sql.binds[1] == .text(name, as: .unspecified))
        #expect(sql.binds[2] == .null(as: .int4))
        #expect(!"\(sql.binds[1])".contains("DROP"))
    }

    @Test("counts on when pieces are put together")
    func pieces() {
        let condition: SQL = "a = \(1) OR b = \(2)"
        let sql: SQL = "SELECT \(0) WHERE \(condition) LIMIT \(3)"
        #expect(sql.text == "SELECT $1 WHERE a = $2 OR b = $3 LIMIT $4")
        #expect(sql.binds.count == 4)
        #expect((condition + " AND c = \(3)").text == "a = $1 OR b = $2 AND c = $3")
    }

    @Test(
        "leaves alone what only looks like a parameter",
        arguments: [
            ("$1 '$1' \"$1\" $2", "$4 '$1' \"$1\" $5"),
            ("E'\\'$1' $1", "E'\\'$1' $4"),
            ("'it''s $1' $1", "'it''s $1' $4"),
            ("$a$ $1 $b$ $1 $a$ $1", "$a$ $1 $b$ $1 $a$ $4"),
            ("$$ $1 $$ $1", "$$ $1 $$ $4"),
            ("-- $1\n$1", "-- $1\n$4"),
            ("/* $1 /* $1 */ $1 */ $1", "/* $1 /* $1 */ $1 */ $4"),
            ("a$1 $1::text||$1", "a$1 $4::text||$4"),
            ("'$1", "'$1"), ("/* $1", "/* $1"), ("$x$ $1", "$x$ $1"), ("é$1 $12", "é$1 $15"),
        ]
    )
    func renumbering(text: String, expected: String) {
        #expect(SQLScanner.renumber(text, by: 3) == expected)
    }

    @Test("quotes identifiers")
    func identifiers() {
        let sql: SQL = "SELECT \(identifier: "na\"me") FROM \(identifier: "public", "item")"
        #expect(sql.text == "SELECT \"na\"\"me\" FROM \"public\".\"item\"")
        #expect(sql.binds.isEmpty)
    }
}
