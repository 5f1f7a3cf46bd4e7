import Foundation

/// A value as one line of JSON: how the processes of the demo talk to the one that started them.
package enum JSONLine {
    package static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try String(decoding: encoder.encode(value), as: UTF8.self)
    }

    package static func decode<Value: Decodable>(_: Value.Type, from line: some StringProtocol) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(line.utf8))
    }

    /// Writes the value's line to standard output at once: stdout is buffered when it is a pipe.
    package static func print(_ value: some Encodable) throws {
        try FileHandle.standardOutput.write(contentsOf: Data((self.encode(value) + "\n").utf8))
    }
}
