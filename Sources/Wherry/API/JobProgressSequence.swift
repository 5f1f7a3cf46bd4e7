/// What a job's handler reports, for as long as the job has not ended: ``JobHandle/progress``.
///
/// Any number of tasks may iterate at once; each sees everything from its beginning on, and the newest report before that. Whoever is slower
/// than the reports come loses the oldest ones: at most ``bufferLimit`` wait for it. It ends with the job, however that ends; it never throws.
/// Reports are best effort, and those that were still on their way when the job ended are left out.
public struct JobProgressSequence: AsyncSequence, Sendable {
    /// How many reports wait for a task that is slow: 16.
    public static let bufferLimit = 16

    let pending: PendingJob

    /// Begins to listen.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: self.pending.makeProgressStream().makeAsyncIterator())
    }

    /// Gives one report after another.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: AsyncStream<JobProgress>.Iterator

        /// Waits for the next report.
        ///
        /// - Returns: `nil` when the job has ended, or the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> JobProgress? {
            await self.base.next(isolation: actor)
        }
    }
}
