import Foundation

/// JSON as all commands print it: sorted keys, so that two runs compare; names in snake case.
enum JSONText {
    /// Over several lines, for people too.
    static func encode(_ value: some Encodable) throws -> String {
        try Self.encode(value, formatting: [.prettyPrinted])
    }

    /// On one line, for streams.
    static func line(_ value: some Encodable) throws -> String {
        try Self.encode(value, formatting: [])
    }

    private static func encode(_ value: some Encodable, formatting: JSONEncoder.OutputFormatting) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
