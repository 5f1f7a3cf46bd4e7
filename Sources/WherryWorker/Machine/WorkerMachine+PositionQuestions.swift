extension WorkerMachine {
    /// Questions for the primary's position. One look answers all that were there when it began.
    struct PositionQuestions: Sendable {
        struct Question: Hashable, Sendable {
            var number: UInt64
            var link: Int
        }

        /// A look is under way.
        var isAsking = false
        /// Those that the look under way will answer.
        var asked: [Question] = []
        /// Those that came later.
        var waiting: [Question] = []
    }
}
