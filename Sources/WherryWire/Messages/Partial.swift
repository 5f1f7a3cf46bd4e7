package import WherryCore

/// Progress of a running job.
package struct Partial: Hashable, Sendable {
    package var id: JobID
    /// Counts up from 0 within one run of the job, so that late ones can be dropped.
    package var sequence: UInt64
    package var contentType: String
    /// In a frame of its own.
    package var payload: [UInt8]

    package init(id: JobID, sequence: UInt64, contentType: String, payload: [UInt8]) {
        self.id = id
        self.sequence = sequence
        self.contentType = contentType
        self.payload = payload
    }
}
