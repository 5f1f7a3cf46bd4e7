/// Fills a `Decodable` from a row: a key is a column.
struct RowDecoder: Decoder {
    let row: Row
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RowContainer(row: self.row))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw PostgresError(.decoding, "a row is no array; read it as a tuple, or as a type with named properties")
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        CellContainer(cell: try self.row.cell(0), codingPath: [])
    }
}

private struct RowContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let row: Row
    var codingPath: [any CodingKey] { [] }

    var allKeys: [Key] {
        self.row.columnNames.compactMap(Key.init(stringValue:))
    }

    func contains(_ key: Key) -> Bool {
        self.column(key) != nil
    }

    func decodeNil(forKey key: Key) throws -> Bool {
        try self.cell(key).isNull
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try self.cell(key).decode(type, codingPath: [key])
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
        throw self.unsupported(key)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw self.unsupported(key)
    }

    func superDecoder() throws -> any Decoder {
        RowDecoder(row: self.row)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        throw self.unsupported(key)
    }

    private func unsupported(_ key: Key) -> PostgresError {
        PostgresError(
            .decoding,
            "column \"\(key.stringValue)\" cannot be opened as a container",
            hint: "Give it a Codable type of its own."
        )
    }

    private func column(_ key: Key) -> Int? {
        self.row.storage.column(named: key.stringValue) ?? self.row.storage.column(named: key.stringValue.snakeCased)
    }

    private func cell(_ key: Key) throws(PostgresError) -> PostgresCell {
        guard let column = self.column(key) else { return try self.row.cell(key.stringValue) }
        return try self.row.cell(column)
    }
}

/// One cell, for `RawRepresentable` types and other wrappers of a single value.
private struct CellContainer: SingleValueDecodingContainer {
    let cell: PostgresCell
    let codingPath: [any CodingKey]

    func decodeNil() -> Bool {
        self.cell.isNull
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try self.cell.decode(type, codingPath: self.codingPath)
    }
}

private struct CellDecoder: Decoder {
    let cell: PostgresCell
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw self.cell.mismatch(type, "has no parts")
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw self.cell.mismatch([Any].self, "has no parts")
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        CellContainer(cell: self.cell, codingPath: self.codingPath)
    }
}

extension PostgresCell {
    /// Decodes a property: by its own conformance, from JSON if that is what the column holds, or as a wrapper of a single value.
    fileprivate func decode<Value: Decodable>(_ type: Value.Type, codingPath: [any CodingKey]) throws -> Value {
        if let known = type as? any PostgresDecodable.Type {
            guard let value = try known.init(postgres: self) as? Value else { throw self.mismatch(type) }
            return value
        }
        if self.type == .json || self.type == .jsonb, !self.isNull {
            return try self.decodeJSON(as: type)
        }
        return try Value(from: CellDecoder(cell: self, codingPath: codingPath))
    }
}

extension String {
    /// `createdAt` → `created_at`, `userID` → `user_id`.
    var snakeCased: String {
        var result = ""
        var previousWasLower = false
        for character in self {
            if character.isUppercase, previousWasLower { result.append("_") }
            result += character.lowercased()
            previousWasLower = character.isLowercase || character.isNumber
        }
        return result
    }
}
