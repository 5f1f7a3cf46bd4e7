internal import WherryCore

extension BrokerMachine {
    /// What takes no credit: it goes to any worker that sees the newest primary.
    enum Question: Hashable, Sendable {
        case fence(JobID)
        /// By the broker's number.
        case position(UInt64)
    }
}
