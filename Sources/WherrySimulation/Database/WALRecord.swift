import WherryCore
import WherryJobs

/// One record of a server's write-ahead log, and where it ends.
struct WALRecord {
    /// What a transaction wrote.
    struct Writes {
        var receipt: Receipt?
        /// The job whose handler's writes are in it.
        var effect: JobID?
        /// The idempotency key that its receipt takes.
        var key: String?
    }

    enum Content {
        case transaction(Writes)
        case epoch(Epoch)
        case noise
    }

    var end: LSN
    var content: Content
}
