/// A statement with its parameters.
///
/// Values that are interpolated become bound parameters, never text, so no input can turn into SQL:
/// ```swift
/// let sql: SQL = "SELECT name FROM items WHERE id = \(id) AND colour = ANY(\(colours))"
/// // SELECT name FROM items WHERE id = $1 AND colour = ANY($2)
/// ```
/// A parameter has the PostgreSQL type of its Swift type; where the server wants another one, cast: `repeat('a', \(count)::int)`.
/// Names cannot be parameters: `"SELECT * FROM \(identifier: table)"`. Raw text only by ``init(unsafe:binds:)``.
public struct SQL: Hashable, Sendable, ExpressibleByStringInterpolation {
    /// The text, with `$1`, `$2` and so on in the parameters' places.
    public private(set) var text: String
    /// The parameters.
    public private(set) var binds: [PostgresValue]

    /// Makes a statement from text that has not been checked by anybody: never from input.
    ///
    /// - Parameters:
    ///   - text: the statement, with `$1`, `$2` and so on for its parameters.
    ///   - binds: the parameters, in order.
    public init(unsafe text: String, binds: [PostgresValue] = []) {
        self.text = text
        self.binds = binds
    }

    /// A statement without parameters.
    public init(stringLiteral value: String) {
        self.init(unsafe: value)
    }

    /// A statement whose interpolated values are bound.
    public init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.sql
    }

    /// Adds another piece, whose parameters are counted on from the ones that are there.
    public mutating func append(_ other: SQL) {
        self.text += self.binds.isEmpty ? other.text : SQLScanner.renumber(other.text, by: self.binds.count)
        self.binds += other.binds
    }

    /// Two pieces in one.
    public static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum.append(right)
        return sum
    }

    /// Two pieces in one.
    public static func += (left: inout SQL, right: SQL) {
        left.append(right)
    }

    /// What the compiler makes of `"… \(value) …"`.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var sql: SQL

        /// Makes room.
        public init(literalCapacity: Int, interpolationCount: Int) {
            self.sql = SQL(unsafe: "")
            self.sql.text.reserveCapacity(literalCapacity + 3 * interpolationCount)
            self.sql.binds.reserveCapacity(interpolationCount)
        }

        /// Text of the programmer's.
        public mutating func appendLiteral(_ literal: String) {
            self.sql.text += literal
        }

        /// A value, bound.
        public mutating func appendInterpolation(_ value: some PostgresEncodable) {
            self.sql.binds.append(value.postgresValue)
            self.sql.text += "$"
            self.sql.text += String(self.sql.binds.count)
        }

        /// A value, or NULL.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            self.appendInterpolation(value.postgresValue)
        }

        /// A piece of SQL with its parameters.
        public mutating func appendInterpolation(_ piece: SQL) {
            self.sql.append(piece)
        }

        /// The name of a table, column or the like, quoted; with several parts for a qualified name.
        public mutating func appendInterpolation(identifier parts: String...) {
            self.sql.text += parts.map { "\"\($0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\"" }
                .joined(separator: ".")
        }
    }
}

extension SQL: CustomStringConvertible {
    /// The text without the values, which may be secrets.
    public var description: String {
        self.text
    }
}
