import FoundationEssentials

/// A Codable value that is stored as `jsonb`: `"… VALUES (\(PostgresJSON(settings)))"`.
public struct PostgresJSON<Value: Codable & Sendable>: Sendable {
    /// The value itself.
    public var value: Value

    /// Wraps a value.
    public init(_ value: Value) {
        self.value = value
    }
}

extension PostgresJSON: Equatable where Value: Equatable {}
extension PostgresJSON: Hashable where Value: Hashable {}

extension PostgresJSON: PostgresEncodable, PostgresDecodable {
    /// `jsonb`
    public static var postgresType: PostgresType { .jsonb }

    /// The value as JSON; a value that does not encode makes the statement fail with ``PostgresError/Code/encoding``.
    public var postgresValue: PostgresValue {
        do {
            // The binary form of jsonb is a version, 1, and the text.
            return .binary([1] + (try JSONEncoder().encode(self.value)), as: .jsonb)
        } catch {
            return .invalid("a \(Value.self) that does not encode as JSON", as: .jsonb)
        }
    }

    /// Reads `jsonb` or `json`.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self.value = try cell.decodeJSON(as: Value.self)
    }
}

extension PostgresCell {
    /// Decodes a `json` or `jsonb` cell.
    func decodeJSON<Value: Decodable>(as type: Value.Type) throws(PostgresError) -> Value {
        let bytes = try self.requireJSON(for: type)
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw self.mismatch(type, "is JSON of another shape", cause: error)
        }
    }

    /// The text of a `json` or `jsonb` cell.
    func requireJSON(for type: Any.Type) throws(PostgresError) -> ArraySlice<UInt8> {
        let bytes = try self.requireBytes(for: type)
        switch self.type {
        case .json: return bytes[...]
        case .jsonb where bytes.first == 1: return bytes.dropFirst()
        case .jsonb: throw self.mismatch(type, "is jsonb of a version that is not known here")
        default: throw self.mismatch(type)
        }
    }
}
