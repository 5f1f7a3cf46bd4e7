import WherryCore
public import WherryJobs
import WherryWire

/// Something that a running job's handler reported with `JobContext.report(_:)`.
public struct JobProgress: Sendable {
    /// Counts up from 0 within one run of the handler; a gap means that reports in between were lost, which does no harm.
    public let sequence: UInt64
    /// Counts up from 0 with each run of the handler: one that was rolled back and begun anew, there or elsewhere, reports from its start again.
    public let run: Int
    private let id: JobID
    private let name: String
    private let payload: [UInt8]

    init(_ partial: Partial, run: Int, name: String) {
        self.sequence = partial.sequence
        self.run = run
        self.id = partial.id
        self.name = name
        self.payload = partial.payload
    }

    /// What the handler reported.
    ///
    /// - Parameter type: the type of the value that it gave to `report`, or another one that decodes from the same JSON.
    /// - Throws: ``JobError`` with the code `undecodableResult` if it is of another type; the job is not touched by that.
    public func decode<Value: Decodable>(as type: Value.Type = Value.self) throws(JobError) -> Value {
        do {
            return try JobCodec.decode(type, from: self.payload)
        } catch {
            throw JobError(
                .undecodableResult, "the progress does not decode as \(type): \(error)", jobID: self.id, jobName: self.name, cause: error)
        }
    }
}
