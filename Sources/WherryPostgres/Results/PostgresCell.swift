/// One value of a row, not yet decoded.
@safe public struct PostgresCell: Sendable {
    /// The type that the server says it has.
    public let type: PostgresType
    /// What error messages call it.
    private let label: Label
    /// Keeps `buffer` alive.
    private let storage: ResultStorage
    // SAFETY: points into `storage`, which never changes.
    private nonisolated(unsafe) let buffer: UnsafeRawBufferPointer?

    private struct Label: Sendable {
        var column: Int
        var isElement = false
    }

    init(storage: ResultStorage, row: Int, column: Int) {
        self.type = storage.type(ofColumn: column)
        self.label = Label(column: column)
        self.storage = storage
        unsafe self.buffer = storage.bytes(row: row, column: column)
    }

    /// An element of an array.
    private init(elementOf array: PostgresCell, type: PostgresType, buffer: UnsafeRawBufferPointer?) {
        self.type = type
        self.label = Label(column: array.label.column, isElement: true)
        self.storage = array.storage
        unsafe self.buffer = buffer
    }

    /// Whether it is NULL.
    public var isNull: Bool {
        unsafe self.buffer == nil
    }

    /// The value in PostgreSQL's binary format; `nil` for NULL.
    public var bytes: [UInt8]? {
        unsafe self.buffer.map { unsafe [UInt8]($0) }
    }

    /// The value as a Swift type.
    ///
    /// - Throws: ``PostgresError/Code/decoding`` if it does not fit.
    public func decode<Value: PostgresDecodable>(as type: Value.Type = Value.self) throws(PostgresError) -> Value {
        try Value(postgres: self)
    }

    // MARK: For decoders

    /// The bytes, for a type that cannot be NULL.
    func requireBytes(for type: Any.Type) throws(PostgresError) -> [UInt8] {
        guard let bytes = self.bytes else { throw self.unexpectedNull(type) }
        return bytes
    }

    /// A number of fixed width.
    func load<Number: FixedWidthInteger>(_: Number.Type, for type: Any.Type) throws(PostgresError) -> Number {
        guard let buffer = unsafe self.buffer else { throw self.unexpectedNull(type) }
        guard buffer.count == MemoryLayout<Number>.size else { throw self.mismatch(type, "is malformed") }
        // SAFETY: the count was just checked.
        return Number(bigEndian: unsafe buffer.loadUnaligned(as: Number.self))
    }

    /// Bytes as UTF-8, which the connection asks of the server.
    func decodeText(_ bytes: ArraySlice<UInt8>, for type: Any.Type) throws(PostgresError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw self.mismatch(type, "is not UTF-8") }
        return text
    }

    /// The elements of a one-dimensional array (its binary form: see `PostgresEncodable.encodeArray`).
    func arrayElements(as type: Any.Type) throws(PostgresError) -> [PostgresCell] {
        guard let buffer = unsafe self.buffer else { throw self.unexpectedNull(type) }
        var reader = unsafe ByteReader(buffer)
        guard self.type.isArray || self.type.rawValue >= PostgresType.firstUserDefined else { throw self.mismatch(type) }
        guard let dimensions = reader.readInt32(), reader.readInt32() != nil, let elementType = reader.readInt32() else {
            throw self.mismatch(type, "is malformed")
        }
        if dimensions == 0 { return [] }
        guard dimensions == 1 else { throw self.mismatch(type, "has \(dimensions) dimensions; one can be read") }
        guard let count = reader.readInt32(), count >= 0, reader.readInt32() != nil else { throw self.mismatch(type, "is malformed") }
        var elements: [PostgresCell] = []
        for _ in 0..<count {
            guard let length = reader.readInt32() else { throw self.mismatch(type, "is malformed") }
            let bytes = length < 0 ? nil : unsafe reader.read(Int(length))
            if length >= 0, unsafe bytes == nil { throw self.mismatch(type, "is malformed") }
            let oid = UInt32(bitPattern: elementType)
            elements.append(unsafe PostgresCell(elementOf: self, type: PostgresType(rawValue: oid), buffer: bytes))
        }
        return elements
    }

    /// The error for a value that does not fit a Swift type.
    func mismatch(_ type: Any.Type, _ reason: String? = nil, cause: (any Error)? = nil) -> PostgresError {
        if self.isNull { return self.unexpectedNull(type) }
        let problem = reason.map { "\($0): it cannot" } ?? "cannot"
        let message = "\(self.place), a \(self.type), \(problem) be read as \(type)"
        let hint = reason == nil ? "Ask for a type that fits, or cast it in SQL, for example to text." : nil
        return PostgresError(.decoding, message, hint: hint, cause: cause)
    }

    private func unexpectedNull(_ type: Any.Type) -> PostgresError {
        PostgresError(.decoding, "\(self.place) is NULL and cannot be read as \(type)", hint: "Ask for \(type)?, or use coalesce in SQL.")
    }

    private var place: String {
        let column = "column \(self.label.column + 1) (\"\(self.storage.name(ofColumn: self.label.column))\")"
        return self.label.isElement ? "an element of \(column)" : column
    }
}
