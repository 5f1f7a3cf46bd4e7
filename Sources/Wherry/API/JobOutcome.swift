public import WherryCore
public import WherryJobs
import WherryWire

/// What became of a job, by its receipt.
public struct JobOutcome: Sendable {
    /// The job's id.
    public let id: JobID
    /// The job's name.
    public let name: String
    /// Reads at or beyond it, on any server of this database, see what the job did, or that it did nothing.
    public let token: CausalToken
    /// Why the job has no output; `nil` if it committed.
    public let error: JobError?
    private let payload: [UInt8]
    private let contentType: String

    init(_ receipt: Receipt, seen: CausalToken, region: String) {
        let reply = receipt.makeReply(token: seen, stored: true, timings: [:])
        self.id = receipt.id
        self.name = receipt.job.name
        self.token = seen
        self.error = JobError(reply, jobName: receipt.job.name, region: region)
        self.payload = receipt.payload
        self.contentType = receipt.contentType
    }

    /// Whether the job committed.
    public var isCommitted: Bool { self.error == nil }

    /// The job's output.
    ///
    /// - Parameters:
    ///   - type: the job's `Output`.
    ///   - coding: the job's; JSON by default.
    /// - Throws: ``error`` if it did not commit; ``JobError`` with the code `undecodableResult` if its output is of another type.
    public func value<Value: Decodable>(
        as type: Value.Type = Value.self,
        coding: any JobCoding = JSONJobCoding()
    ) throws(JobError) -> Value {
        if let error { throw error }
        do {
            return try coding.decode(type, from: self.payload, contentType: self.contentType)
        } catch {
            throw JobError(
                .undecodableResult,
                "the output does not decode as \(type): \(error)",
                jobID: self.id,
                jobName: self.name,
                token: self.token,
                cause: error
            )
        }
    }
}

extension JobError {
    /// The error for a wait on the local server that failed.
    init(_ error: ReplayError, jobID: JobID? = nil, region: String) {
        let code: Code =
            switch error.code {
            case .fork, .otherSystem: .forkedHistory
            case .denied: .misconfigured
            case .closed: .clientClosed
            case .tooManyWaiters: .overloaded
            default: .replicaUnavailable
            }
        self.init(code, error.message, jobID: jobID, region: region, cause: error)
    }
}
