import Crypto
import FoundationEssentials

/// How arguments, outputs and failures become bytes: JSON with sorted keys, so that equal values are equal bytes and digests compare.
package enum JobCodec {
    /// The content type of everything that is encoded here.
    package static let contentType = "application/json"

    /// The value as bytes; throws `EncodingError`, for example for a number that JSON cannot say.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// The bytes as a value; throws `DecodingError`.
    package static func decode<Value: Decodable>(_: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(bytes))
    }

    /// SHA-256 of bytes as sent: what a receipt tells two jobs under one id apart by.
    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: bytes))
    }
}
