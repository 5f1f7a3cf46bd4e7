/// How a job's arguments, its output and the payload of its failure become bytes.
///
/// JSON is the default, and good for most jobs. Another one is chosen per job type, on both ends at once:
/// ```swift
/// struct StoreScan: Job {
///     static let name = "scans.store"
///     static let coding: any JobCoding = PropertyListCoding()      // of your own
///     var pixels: Data
/// }
/// ```
/// The content type travels with the bytes and stands in the receipt. A worker whose handler has another one fails the job
/// (``JobError/Code/undecodableArguments``) and says which one it takes. To change the coding of a job that is in use, raise its version.
public protocol JobCoding: Sendable {
    /// What the bytes are, 1 to 200 UTF-8 bytes, for example `application/x-plist`. Different codings must have different ones.
    var contentType: String { get }

    /// A value as bytes. Equal values need not become equal bytes.
    ///
    /// - Throws: if it cannot be encoded; the job then fails with ``JobError/Code/unencodableArguments`` or
    ///   ``JobError/Code/unencodableResult``.
    func encode<Value: Encodable>(_ value: Value) throws -> [UInt8]

    /// Bytes as a value. They come from elsewhere: nothing may trap.
    ///
    /// - Throws: if they are no such value.
    func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value
}

/// The default: JSON with sorted keys, so that equal values are equal bytes.
public struct JSONJobCoding: JobCoding {
    /// JSON with sorted keys.
    public init() {}

    /// `application/json`
    public var contentType: String { JobCodec.contentType }

    /// A value as JSON.
    ///
    /// - Throws: `EncodingError`, for example for a number that JSON cannot say.
    public func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
        try JobCodec.encode(value)
    }

    /// JSON as a value.
    ///
    /// - Throws: `DecodingError`.
    public func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JobCodec.decode(type, from: bytes)
    }
}

extension JobCoding {
    /// Decodes what somebody else encoded and named.
    ///
    /// - Throws: `DecodingError` that names both content types, if they differ.
    package func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], contentType: String) throws -> Value {
        guard contentType == self.contentType else {
            let message = "the bytes are '\(contentType)'; '\(self.contentType)' is what can be read here"
            throw DecodingError.dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: message))
        }
        return try self.decode(type, from: bytes)
    }
}
