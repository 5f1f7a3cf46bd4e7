internal import CLibPQ

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// One result of libpq's, freed with the last row or cell that looks into it.
///
/// SAFETY: libpq never changes a result once it has handed it out, and allows threads to share it then (manual, "Behavior in Threaded
/// Programs"); the pointer is never given away.
@safe final class ResultStorage: @unchecked Sendable {
    private let result: OpaquePointer
    let columnCount: Int
    let rowCount: Int

    /// Takes over a result.
    init(taking result: OpaquePointer) {
        unsafe self.result = result
        self.columnCount = Int(unsafe PQnfields(result))
        self.rowCount = Int(unsafe PQntuples(result))
    }

    deinit {
        unsafe PQclear(self.result)
    }

    // MARK: Columns

    func type(ofColumn column: Int) -> PostgresType {
        PostgresType(rawValue: unsafe PQftype(self.result, CInt(column)))
    }

    func name(ofColumn column: Int) -> String {
        unsafe PQfname(self.result, CInt(column)).map { unsafe String(cString: $0) } ?? ""
    }

    /// The first column of that name, by the exact name.
    func column(named name: String) -> Int? {
        unsafe name.withCString { name in
            (0..<self.columnCount).first { column in
                guard let candidate = unsafe PQfname(self.result, CInt(column)) else { return false }
                return unsafe strcmp(candidate, name) == 0
            }
        }
    }

    // MARK: Cells

    /// The bytes of a cell, alive as long as this object; `nil` for NULL.
    func bytes(row: Int, column: Int) -> UnsafeRawBufferPointer? {
        precondition((0..<self.rowCount).contains(row) && (0..<self.columnCount).contains(column), "outside of the result")
        if unsafe PQgetisnull(self.result, CInt(row), CInt(column)) != 0 { return nil }
        // SAFETY: row and column were checked above; libpq's answer stays valid until PQclear.
        return unsafe UnsafeRawBufferPointer(
            start: PQgetvalue(self.result, CInt(row), CInt(column)),
            count: Int(PQgetlength(self.result, CInt(row), CInt(column)))
        )
    }

    // MARK: What the server said

    /// For example `INSERT 0 1`.
    var commandTag: String {
        unsafe String(cString: PQcmdStatus(self.result))
    }

    /// The error that this result is.
    func error() -> PostgresError {
        unsafe Self.error(in: self.result)
    }

    /// The error or notice that a result is.
    static func error(in result: OpaquePointer) -> PostgresError {
        // The codes are characters in C (PG_DIAG_…), documented with PQresultErrorField.
        func field(_ character: Unicode.Scalar) -> String? {
            unsafe PQresultErrorField(result, Int32(character.value)).map { unsafe String(cString: $0) }
        }
        let whole = unsafe String(cString: PQresultErrorMessage(result)).trimmed
        var error = PostgresError(.server, field("M") ?? (whole.isEmpty ? "the server gave no message" : whole), hint: field("H"))
        error.sqlState = field("C").map(SQLState.init(rawValue:))
        error.severity = field("V") ?? field("S")
        error.detail = field("D")
        error.position = field("P").flatMap { Int($0) }
        error.context = field("W")
        error.schema = field("s")
        error.table = field("t")
        error.column = field("c")
        error.dataType = field("d")
        error.constraint = field("n")
        error.routine = field("R")
        return error
    }

    // MARK: Results without a server

    /// Makes a result without a server: what tests and the simulation answer with.
    ///
    /// - Parameters:
    ///   - columns: name and type of each.
    ///   - rows: each with as many values as there are columns.
    convenience init(columns: [(name: String, type: PostgresType)], rows: [[PostgresValue]]) {
        precondition(rows.allSatisfy { $0.count == columns.count }, "every row has a value for each column")
        guard let result = unsafe PQmakeEmptyPGresult(nil, PGRES_TUPLES_OK) else { fatalError("out of memory") }
        // SAFETY: libpq copies names and values; what it is given lives for the calls only.
        var attributes = unsafe columns.map { column in
            var attribute = unsafe PGresAttDesc()
            unsafe attribute.name = strdup(column.name)
            unsafe attribute.typid = column.type.rawValue
            unsafe attribute.format = 1
            return unsafe attribute
        }
        _ = unsafe PQsetResultAttrs(result, CInt(columns.count), &attributes)
        unsafe attributes.forEach { unsafe free($0.name) }
        for (row, values) in rows.enumerated() {
            for (column, value) in values.enumerated() {
                switch value.payload {
                case .null, .invalid:
                    _ = unsafe PQsetvalue(result, CInt(row), CInt(column), nil, -1)
                case .binary(let bytes), .text(let bytes):
                    // One more, so that there is an address even for no bytes: libpq takes none for NULL.
                    var copy = bytes.map(CChar.init(bitPattern:)) + [0]
                    _ = unsafe PQsetvalue(result, CInt(row), CInt(column), &copy, CInt(bytes.count))
                }
            }
        }
        unsafe self.init(taking: result)
    }
}

extension String {
    /// Without white space at the ends: libpq's messages end with a line feed.
    var trimmed: String {
        let visible = self.drop { $0.isWhitespace }
        guard let last = visible.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(visible[...last])
    }
}
