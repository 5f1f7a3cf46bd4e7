public import FoundationEssentials
public import WherryCore

extension Bool: PostgresEncodable, PostgresDecodable {
    /// `boolean`
    public static var postgresType: PostgresType { .bool }
    /// One byte.
    public var postgresValue: PostgresValue { .binary([self ? 1 : 0], as: .bool) }
    /// Reads a `boolean`.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .bool else { throw cell.mismatch(Bool.self) }
        self = try cell.load(UInt8.self, for: Bool.self) != 0
    }
}

extension Double: PostgresEncodable, PostgresDecodable {
    /// `double precision`
    public static var postgresType: PostgresType { .float8 }
    /// Eight bytes.
    public var postgresValue: PostgresValue { .integer(self.bitPattern, as: .float8) }
    /// Reads a floating-point number, a `numeric` (rounded to the nearest), or a whole number that it can hold exactly.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .float8: self.init(bitPattern: try cell.load(UInt64.self, for: Double.self))
        case .float4: self.init(Float(bitPattern: try cell.load(UInt32.self, for: Double.self)))
        case .numeric:
            guard let value = Double(try cell.decodeNumeric(for: Double.self).description) else { throw cell.mismatch(Double.self) }
            self = value
        case .int2, .int4, .int8:
            let integer: Int64 = try cell.decodeInteger()
            guard let value = Double(exactly: integer) else { throw cell.mismatch(Double.self, "cannot be held exactly") }
            self = value
        default: throw cell.mismatch(Double.self)
        }
    }
}

extension Float: PostgresEncodable, PostgresDecodable {
    /// `real`
    public static var postgresType: PostgresType { .float4 }
    /// Four bytes.
    public var postgresValue: PostgresValue { .integer(self.bitPattern, as: .float4) }
    /// Reads a `real`; wider types would lose digits in silence: ask for `Double`.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .float4 else { throw cell.mismatch(Float.self) }
        self.init(bitPattern: try cell.load(UInt32.self, for: Float.self))
    }
}

extension String: PostgresEncodable, PostgresDecodable {
    /// No declared type, as a literal in quotes: the server reads it as whatever the context wants, and as `text` where nothing does.
    public static var postgresType: PostgresType { .unspecified }
    /// UTF-8; refused with a zero byte in it.
    public var postgresValue: PostgresValue { .text(self, as: .unspecified) }
    /// Reads text of any kind, JSON, enumerations and other types of the user's that are text inside, and `numeric` with all its digits.
    ///
    /// For other types, dates for example, cast in SQL: `created_at::text`.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .numeric:
            self = try cell.decodeNumeric(for: String.self).description
        case .text, .varchar, .bpchar, .name, .unknown, .json, .xml, .char:
            self = try cell.decodeText(cell.requireBytes(for: String.self)[...], for: String.self)
        case .jsonb:
            self = try cell.decodeText(cell.requireJSON(for: String.self), for: String.self)
        case let type where type.rawValue >= PostgresType.firstUserDefined:
            // The binary form of an enumeration, citext and the like is its text; that of a composite type holds zero bytes.
            let bytes = try cell.requireBytes(for: String.self)
            guard !bytes.contains(0) else { throw cell.mismatch(String.self) }
            self = try cell.decodeText(bytes[...], for: String.self)
        default: throw cell.mismatch(String.self)
        }
    }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    /// `uuid`
    public static var postgresType: PostgresType { .uuid }
    /// Sixteen bytes.
    public var postgresValue: PostgresValue { JobID(uuid: self).postgresValue }
    /// Reads a `uuid`.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self = try JobID(postgres: cell).uuid
    }
}

extension JobID: PostgresEncodable, PostgresDecodable {
    /// `uuid`
    public static var postgresType: PostgresType { .uuid }
    /// Sixteen bytes.
    public var postgresValue: PostgresValue { .binary(self.bytes, as: .uuid) }
    /// Reads a `uuid`.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .uuid else { throw cell.mismatch(UUID.self) }
        guard let id = JobID(bytes: try cell.requireBytes(for: UUID.self)) else { throw cell.mismatch(UUID.self, "is malformed") }
        self = id
    }
}

extension LSN: PostgresEncodable, PostgresDecodable {
    /// `pg_lsn`
    public static var postgresType: PostgresType { .lsn }
    /// Eight bytes.
    public var postgresValue: PostgresValue { .integer(self.rawValue, as: .lsn) }
    /// Reads a `pg_lsn`.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .lsn else { throw cell.mismatch(LSN.self) }
        self.init(rawValue: try cell.load(UInt64.self, for: LSN.self))
    }
}
