package import WherryWire

/// A write job: it runs once, beside the primary, in one transaction that also stores its receipt.
///
/// A job is its arguments: a `Codable` struct, so that it can grow fields (give new ones a default or make them optional, and old copies
/// still decode).
///
/// ```swift
/// struct CreateItems: Job {
///     static let name = "items.create"
///     typealias Output = Int
///     var ids: [Int]
/// }
/// ```
///
/// Its handler may *run* more than once; only its effect in the database is exactly-once. What it does elsewhere (HTTP calls, other
/// connections, `nextval`, unlogged tables) is not.
///
/// With an idempotency key (`client.call(job, key: "order-42")`) it takes effect once however many *callers* send it: see ``keyFingerprint``.
public protocol Job: JobBase {
    /// What must be equal in every job that is sent under one idempotency key. `nil`, the default, stands for all arguments.
    ///
    /// Give your own where arguments differ that do not matter, such as the time of the request:
    /// ```swift
    /// var keyFingerprint: String? { "\(self.orderID) \(self.amount)" }
    /// ```
    var keyFingerprint: String? { get }
}

extension Job {
    /// All arguments.
    public var keyFingerprint: String? { nil }

    /// A key for this job as it travels.
    ///
    /// - Throws: `EncodingError` if the arguments cannot be encoded as JSON and the job has no ``keyFingerprint`` of its own.
    package func makeKey(_ text: String) throws -> JobKey {
        let fingerprint = try self.keyFingerprint.map { Array($0.utf8) } ?? JobCodec.encode(self)
        return JobKey(text: text, fingerprint: JobCodec.digest(fingerprint))
    }
}
