/// A type whose values can be parameters of a statement: `"… WHERE id = \(id)"`.
///
/// Everything goes in PostgreSQL's binary format with its type declared, except strings, which go as text of no declared type, as a literal
/// in quotes does: so they fit `text`, enumerations, `json`, `date` and whatever else the server can read from text.
/// A type of your own that is `RawRepresentable` by one of these only has to declare the conformance.
public protocol PostgresEncodable: Sendable {
    /// The type that the server is told, also for `nil`.
    static var postgresType: PostgresType { get }
    /// The type that the server is told for an array of this.
    static var postgresArrayType: PostgresType { get }
    /// The value, encoded.
    var postgresValue: PostgresValue { get }
    /// An array of these, encoded.
    static func encodeArray(_ elements: [Self]) -> PostgresValue
}

extension PostgresEncodable {
    /// PostgreSQL's array type of ``postgresType``.
    public static var postgresArrayType: PostgresType {
        Self.postgresType.array
    }

    /// A one-dimensional array in binary format (manual, "array_recv": dimensions, has-nulls flag, element type, length, lower bound, elements).
    public static func encodeArray(_ elements: [Self]) -> PostgresValue {
        let elementType = Self.postgresType == .unspecified ? .text : Self.postgresType
        if elementType.isArray { return .invalid("an array of arrays; send one dimension, or JSON", as: Self.postgresArrayType) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 + elements.count * 12)
        let values = elements.map(\.postgresValue)
        let hasNulls = values.contains { $0.payload == .null }
        bytes += Int32(elements.isEmpty ? 0 : 1).bigEndianBytes
        bytes += Int32(hasNulls ? 1 : 0).bigEndianBytes
        bytes += elementType.rawValue.bigEndianBytes
        if elements.isEmpty { return .binary(bytes, as: Self.postgresArrayType) }
        bytes += Int32(elements.count).bigEndianBytes
        bytes += Int32(1).bigEndianBytes
        for value in values {
            switch value.payload {
            case .null:
                bytes += Int32(-1).bigEndianBytes
            case .text where elementType != .text:
                return .invalid("an array of \(Self.self), which has no binary form", as: Self.postgresArrayType)
            case .binary(let element), .text(let element):
                bytes += Int32(element.count).bigEndianBytes
                bytes += element
            case .invalid(let reason):
                return .invalid(reason, as: Self.postgresArrayType)
            }
        }
        return .binary(bytes, as: Self.postgresArrayType)
    }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    /// The raw value's type.
    public static var postgresType: PostgresType { RawValue.postgresType }
    /// The raw value, encoded.
    public var postgresValue: PostgresValue { self.rawValue.postgresValue }
}

extension PostgresValue: PostgresEncodable {
    /// Not known before there is a value.
    public static var postgresType: PostgresType { .unspecified }
    /// Itself.
    public var postgresValue: PostgresValue { self }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The wrapped type.
    public static var postgresType: PostgresType { Wrapped.postgresType }
    /// The value, or NULL.
    public var postgresValue: PostgresValue { self?.postgresValue ?? .null(as: Wrapped.postgresType) }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    /// PostgreSQL's array type; for `[UInt8]` it is `bytea`.
    public static var postgresType: PostgresType { Element.postgresArrayType }
    /// The array, encoded; one dimension only.
    public var postgresValue: PostgresValue { Element.encodeArray(self) }
}
