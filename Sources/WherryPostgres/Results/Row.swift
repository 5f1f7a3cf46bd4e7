/// One row of a result.
///
/// A row keeps its whole result in memory: decode what is needed, and let it go.
public struct Row: Sendable {
    let storage: ResultStorage
    let index: Int

    /// How many columns it has.
    public var count: Int {
        self.storage.columnCount
    }

    /// The names of the columns, in order.
    public var columnNames: [String] {
        (0..<self.count).map(self.storage.name(ofColumn:))
    }

    /// The cell of a column, counted from 0.
    ///
    /// - Throws: ``PostgresError/Code/unexpectedShape`` if there is none.
    public func cell(_ column: Int) throws(PostgresError) -> PostgresCell {
        guard (0..<self.count).contains(column) else {
            throw PostgresError(.unexpectedShape, "there is no column number \(column + 1) in a row of \(self.count)")
        }
        return PostgresCell(storage: self.storage, row: self.index, column: column)
    }

    /// The cell of the first column with a name.
    ///
    /// - Throws: ``PostgresError/Code/unexpectedShape`` if there is none.
    public func cell(_ column: String) throws(PostgresError) -> PostgresCell {
        guard let index = self.storage.column(named: column) else {
            throw PostgresError(
                .unexpectedShape,
                "there is no column \"\(column)\"; there are: \(self.columnNames.joined(separator: ", "))"
            )
        }
        return PostgresCell(storage: self.storage, row: self.index, column: index)
    }

    /// The value of a column, counted from 0.
    public func decode<Value: PostgresDecodable>(_ column: Int, as type: Value.Type = Value.self) throws(PostgresError) -> Value {
        try Value(postgres: self.cell(column))
    }

    /// The value of the first column with a name.
    public func decode<Value: PostgresDecodable>(_ column: String, as type: Value.Type = Value.self) throws(PostgresError) -> Value {
        try Value(postgres: self.cell(column))
    }

    /// The whole row, column by column: `row.decode(as: (Int, String?).self)`, or `row.decode(as: Int.self)` for a single one.
    ///
    /// - Throws: ``PostgresError/Code/unexpectedShape`` if there are more columns or fewer; ``PostgresError/Code/decoding``.
    public func decode<each Column: PostgresDecodable>(as type: (repeat each Column).Type) throws(PostgresError) -> (repeat each Column) {
        var wanted = 0
        for _ in repeat (each Column).self { wanted += 1 }
        guard wanted == self.count else {
            throw PostgresError(.unexpectedShape, "a row of \(self.count) columns cannot be read as \(wanted)")
        }
        var column = 0
        func next<Value: PostgresDecodable>(_: Value.Type) throws(PostgresError) -> Value {
            defer { column += 1 }
            return try Value(postgres: PostgresCell(storage: self.storage, row: self.index, column: column))
        }
        return (repeat try next((each Column).self))
    }

    /// The whole row as a struct, by the names of its coding keys: `createdAt` is filled from a column `createdAt` or `created_at`.
    ///
    /// Properties that are neither ``PostgresDecodable`` nor enumerations of such are read from `json` and `jsonb` columns.
    ///
    /// - Throws: ``PostgresError/Code/decoding`` with the `DecodingError` as cause, where it is not an error of a column's.
    @_disfavoredOverload
    public func decode<Value: Decodable>(as type: Value.Type) throws(PostgresError) -> Value {
        do {
            return try Value(from: RowDecoder(row: self))
        } catch let error as PostgresError {
            throw error
        } catch {
            throw PostgresError(.decoding, "a row cannot be read as \(type)", cause: error)
        }
    }
}
