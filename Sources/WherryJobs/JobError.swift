public import WherryCore
package import WherryWire

/// What a caller gets instead of a job's output, or of a read.
///
/// Different things have different ``code``s (correctness.md, rule 15): a job that certainly did nothing, one that committed and is not visible
/// here yet, and one whose outcome is not known *now* are not the same. ``isRetryable`` says which may simply be tried again.
public struct JobError: Error, Sendable {
    /// What happened, with what to do about it.
    public var code: Code
    /// For people: what happened and what to do, with the facts of this case.
    public var message: String
    /// The job that it is about; `nil` for reads.
    public var jobID: JobID?
    /// That job's name.
    public var jobName: String?
    /// The region where it happened, or which could not be reached.
    public var region: String?
    /// Where the outcome's receipt stands: reads at or beyond it see what the job did, or that it did nothing. Failed jobs have one too.
    public var token: CausalToken?
    /// The error underneath, if there is one: a `PostgresError`, a `DecodingError` and so on.
    public var cause: (any Error)?

    /// What the error carries, encoded: the output of a committed job, or the payload of a ``JobFailure``.
    package var content: Content?
    /// The job's coding, which reads that.
    package var coding: any JobCoding = JSONJobCoding()

    package init(
        _ code: Code, _ message: String, jobID: JobID? = nil, jobName: String? = nil, region: String? = nil, token: CausalToken? = nil,
        cause: (any Error)? = nil, content: Content? = nil
    ) {
        self.code = code
        self.message = message
        self.jobID = jobID
        self.jobName = jobName
        self.region = region
        self.token = token
        self.cause = cause
        self.content = content
    }

    /// Doing the same again, as a new job with a new id, may help and cannot do the work twice.
    public var isRetryable: Bool {
        self.code.isRetryable
    }

    /// The output of a job that committed although this error was thrown (`notYetVisible`, `undecodableResult`).
    ///
    /// - Returns: `nil` if the error carries no output.
    /// - Throws: what the job's coding throws, `DecodingError` for JSON, if the output is of another type.
    public func value<Value: Decodable>(as type: Value.Type) throws -> Value? {
        guard let content, content.kind == .output else { return nil }
        return try self.coding.decode(type, from: content.bytes, contentType: content.contentType)
    }

    /// The payload of the ``JobFailure`` that the job's handler threw (`handlerFailed`).
    ///
    /// - Returns: `nil` if the handler sent none.
    /// - Throws: what the job's coding throws, `DecodingError` for JSON, if the payload is of another type.
    public func payload<Payload: Decodable>(as type: Payload.Type) throws -> Payload? {
        guard let content, content.kind == .failure, !content.contentType.isEmpty else { return nil }
        return try self.coding.decode(type, from: content.bytes, contentType: content.contentType)
    }
}

extension JobError {
    /// Encoded bytes and what they are.
    package struct Content: Sendable, Hashable {
        package enum Kind: Sendable, Hashable {
            case output
            case failure
        }

        package var kind: Kind
        package var contentType: String
        package var bytes: [UInt8]

        package init(kind: Kind, contentType: String, bytes: [UInt8]) {
            self.kind = kind
            self.contentType = contentType
            self.bytes = bytes
        }
    }

    /// The error for a final outcome that is not `committed`; `nil` for one that is.
    package init?(_ reply: Reply, jobName: String?, region: String?) {
        guard let code = Code(outcome: reply.outcome, failure: reply.failure) else { return nil }
        self.init(
            code, reply.failure?.message ?? code.advice, jobID: reply.id, jobName: jobName, region: region, token: reply.token,
            content: Content(kind: .failure, contentType: reply.contentType, bytes: reply.payload))
    }

    /// The error for a refusal that has become final.
    package init(_ refused: Refused, jobName: String?, region: String?) {
        self.init(Code(refused.code), refused.message, jobID: refused.id, jobName: jobName, region: region)
    }
}

extension JobError: CustomStringConvertible {
    /// One line for logs: code, message, job and region.
    public var description: String {
        var text = "\(self.code): \(self.message)"
        if let jobID { text += " [job \(self.jobName.map { "\($0) " } ?? "")\(jobID)]" }
        if let region { text += " [region \(region)]" }
        if let cause { text += " (\(cause))" }
        return text
    }
}
