/// The rows of a result.
public struct Rows: RandomAccessCollection, Sendable {
    let storage: ResultStorage

    /// Always 0.
    public var startIndex: Int { 0 }
    /// How many rows there are.
    public var endIndex: Int { self.storage.rowCount }

    /// The row at a place.
    public subscript(position: Int) -> Row {
        precondition(self.indices.contains(position), "row \(position) of \(self.count)")
        return Row(storage: self.storage, index: position)
    }

    /// All rows, column by column: `rows.decode(as: (Int, String?).self)`.
    public func decode<each Column: PostgresDecodable>(as type: (repeat each Column).Type) throws(PostgresError) -> [(repeat each Column)] {
        var decoded: [(repeat each Column)] = []
        decoded.reserveCapacity(self.count)
        for row in self { decoded.append(try row.decode(as: type)) }
        return decoded
    }

    /// All rows as structs, by the names of their coding keys.
    @_disfavoredOverload
    public func decode<Value: Decodable>(as type: Value.Type) throws(PostgresError) -> [Value] {
        var decoded: [Value] = []
        decoded.reserveCapacity(self.count)
        for row in self { decoded.append(try row.decode(as: type)) }
        return decoded
    }

    /// The value of the one column of the one row that there is.
    ///
    /// - Throws: ``PostgresError/Code/unexpectedShape`` if there are more rows or columns, or none.
    public func scalar<Value: PostgresDecodable>(as type: Value.Type = Value.self) throws(PostgresError) -> Value {
        guard self.count == 1 else { throw PostgresError(.unexpectedShape, "one row was wanted, and \(self.count) came") }
        return try self[0].decode(as: type)
    }
}
