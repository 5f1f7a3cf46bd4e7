// Encoding: each width goes as the PostgreSQL type of that width, or the next wider one. `UInt` and `UInt64` go as `bigint`, so that they
// compare with columns of that type by index; what does not fit is refused.

extension Int: PostgresEncodable, PostgresDecodable {
    /// `bigint`
    public static var postgresType: PostgresType { .int8 }
    /// Eight bytes.
    public var postgresValue: PostgresValue { .integer(Int64(self), as: .int8) }
    /// Reads any number that is whole and fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.decodeInteger() }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    /// `bigint`
    public static var postgresType: PostgresType { .int8 }
    /// Eight bytes.
    public var postgresValue: PostgresValue { .integer(self, as: .int8) }
    /// Reads any number that is whole and fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.decodeInteger() }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    /// `integer`
    public static var postgresType: PostgresType { .int4 }
    /// Four bytes.
    public var postgresValue: PostgresValue { .integer(self, as: .int4) }
    /// Reads any number that is whole and fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.decodeInteger() }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    /// `smallint`
    public static var postgresType: PostgresType { .int2 }
    /// Two bytes.
    public var postgresValue: PostgresValue { .integer(self, as: .int2) }
    /// Reads any number that is whole and fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.decodeInteger() }
}

extension Int8: PostgresEncodable, PostgresDecodable {
    /// `smallint`
    public static var postgresType: PostgresType { .int2 }
    /// Two bytes.
    public var postgresValue: PostgresValue { .integer(Int16(self), as: .int2) }
    /// Reads any number that is whole and fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.decodeInteger() }
}

extension UInt: PostgresEncodable, PostgresDecodable {
    /// `bigint`
    public static var postgresType: PostgresType { .int8 }
    /// Eight bytes; refused beyond 9,223,372,036,854,775,807.
    public var postgresValue: PostgresValue { UInt64(self).postgresValue }
    /// Reads any number that is whole and fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.decodeInteger() }
}

extension UInt64: PostgresEncodable, PostgresDecodable {
    /// `bigint`
    public static var postgresType: PostgresType { .int8 }
    /// Eight bytes; refused beyond 9,223,372,036,854,775,807.
    public var postgresValue: PostgresValue {
        guard let signed = Int64(exactly: self) else { return .invalid("an unsigned integer beyond bigint", as: .int8) }
        return .integer(signed, as: .int8)
    }
    /// Reads any number that is whole and fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.decodeInteger() }
}

extension UInt32: PostgresEncodable, PostgresDecodable {
    /// `bigint`
    public static var postgresType: PostgresType { .int8 }
    /// Eight bytes.
    public var postgresValue: PostgresValue { .integer(Int64(self), as: .int8) }
    /// Reads any number that is whole and fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.decodeInteger() }
}

extension UInt16: PostgresEncodable, PostgresDecodable {
    /// `integer`
    public static var postgresType: PostgresType { .int4 }
    /// Four bytes.
    public var postgresValue: PostgresValue { .integer(Int32(self), as: .int4) }
    /// Reads any number that is whole and fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.decodeInteger() }
}

extension UInt8: PostgresEncodable, PostgresDecodable {
    /// `smallint`
    public static var postgresType: PostgresType { .int2 }
    /// `bytea`: an array of bytes is a byte string.
    public static var postgresArrayType: PostgresType { .bytea }
    /// Two bytes.
    public var postgresValue: PostgresValue { .integer(Int16(self), as: .int2) }
    /// The bytes as they are.
    public static func encodeArray(_ elements: [UInt8]) -> PostgresValue { .binary(elements, as: .bytea) }
    /// Reads any number that is whole and fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.decodeInteger() }
    /// Reads a `bytea`.
    public static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [UInt8] {
        guard cell.type == .bytea else { throw cell.mismatch([UInt8].self) }
        return try cell.requireBytes(for: [UInt8].self)
    }
}

extension PostgresCell {
    /// Reads an integer of any width from any type of whole numbers, or from a `numeric` that is whole.
    func decodeInteger<Integer: FixedWidthInteger>() throws(PostgresError) -> Integer {
        let wide: Int64
        switch self.type {
        case .int8: wide = try self.load(Int64.self, for: Integer.self)
        case .int4: wide = Int64(try self.load(Int32.self, for: Integer.self))
        case .int2: wide = Int64(try self.load(Int16.self, for: Integer.self))
        case .oid, .xid: wide = Int64(try self.load(UInt32.self, for: Integer.self))
        case .xid8:
            guard let integer = Integer(exactly: try self.load(UInt64.self, for: Integer.self)) else { throw self.overflow(Integer.self) }
            return integer
        case .numeric:
            guard let integer = Integer(try self.decodeNumeric(for: Integer.self).description) else {
                throw self.mismatch(Integer.self, "is not a whole number, or too large")
            }
            return integer
        default:
            throw self.mismatch(Integer.self)
        }
        guard let integer = Integer(exactly: wide) else { throw self.overflow(Integer.self) }
        return integer
    }

    private func overflow(_ type: Any.Type) -> PostgresError {
        self.mismatch(type, "is out of its range")
    }

    /// Reads the binary form of a `numeric`.
    func decodeNumeric(for type: Any.Type) throws(PostgresError) -> Numeric {
        guard let numeric = Numeric(bytes: try self.requireBytes(for: type)) else { throw self.mismatch(type, "is malformed") }
        return numeric
    }
}
