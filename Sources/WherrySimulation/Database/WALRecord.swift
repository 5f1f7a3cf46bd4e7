import WherryCore
import WherryJobs

/// One record of a server's write-ahead log, and where it ends.
struct WALRecord {
    enum Content {
        /// A transaction with a receipt; `hasEffect`: the handler's writes are in it.
        case receipt(Receipt, hasEffect: Bool)
        case epoch(Epoch)
        case noise
    }

    var end: LSN
    var content: Content
}
