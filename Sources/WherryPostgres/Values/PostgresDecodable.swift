/// A type that can be read from a column: `row.decode(as: (Int, String?).self)`.
///
/// Numbers are checked, never cut off; NULL fits optionals only. A type of your own that is `RawRepresentable` by one of these only has to
/// declare the conformance.
public protocol PostgresDecodable: Sendable {
    /// Reads a value.
    ///
    /// - Throws: ``PostgresError/Code/decoding`` if the cell holds something else.
    init(postgres cell: PostgresCell) throws(PostgresError)
    /// Reads an array of these.
    static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [Self]
}

extension PostgresDecodable {
    /// Reads a one-dimensional array.
    public static func decodeArray(_ cell: PostgresCell) throws(PostgresError) -> [Self] {
        var elements: [Self] = []
        for element in try cell.arrayElements(as: [Self].self) {
            elements.append(try Self(postgres: element))
        }
        return elements
    }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    /// Reads the raw value.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        let rawValue = try RawValue(postgres: cell)
        guard let value = Self(rawValue: rawValue) else { throw cell.mismatch(Self.self, "is no raw value of it") }
        self = value
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// Reads a value; NULL is `nil`.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self = cell.isNull ? nil : try Wrapped(postgres: cell)
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    /// Reads an array; `[UInt8]` reads `bytea`.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self = try Element.decodeArray(cell)
    }
}
