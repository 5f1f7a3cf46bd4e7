internal import WherryCore
internal import WherryWire

extension BrokerMachine {
    /// A question that is not answered yet.
    struct HeldQuestion: Sendable {
        var message: Message
        /// Who asked, and the number that it gave its question.
        var askers: [(client: Int, number: UInt64)]
        /// Its place in the line of questions.
        var order: UInt64
        var worker: Int?
        var sentAt: MonotonicInstant?
    }
}
