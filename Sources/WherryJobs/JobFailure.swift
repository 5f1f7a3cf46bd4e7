/// What a handler throws to send a payload home with its failure.
///
/// ```swift
/// throw JobFailure(SoldOut(left: 2), message: "only 2 left")
/// ```
///
/// The job's transaction is rolled back, its failure is stored as its receipt, and the caller gets a ``JobError`` with the code
/// `handlerFailed` whose ``JobError/payload(as:)`` is the payload. Any other error that a handler throws sends its description only.
public struct JobFailure: Error, Sendable {
    /// For people: becomes the ``JobError/message``.
    public var message: String
    /// What the caller can decode.
    public var payload: any Codable & Sendable

    /// Makes a failure.
    ///
    /// - Parameters:
    ///   - payload: what the caller can decode, encoded as the job is (``JobBase/coding``). If it has more bytes than the worker's `maximumPayloadSize`,
    ///     the failure goes home without it, and its message says so.
    ///   - message: for people; by default the payload's description.
    public init(_ payload: some Codable & Sendable, message: String? = nil) {
        self.payload = payload
        self.message = message ?? String(describing: payload)
    }
}
