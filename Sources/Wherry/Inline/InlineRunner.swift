package import WherryCore
package import WherryJobs
package import WherryWire

/// Who runs the jobs of an inline client: a database, or stubs that stand for one in unit tests.
package protocol InlineRunner: Sendable {
    /// What it can run.
    var offers: [Offer] { get }

    /// Does what it takes to be there, until the task is cancelled.
    func run() async

    /// What the primary is.
    func checkPrimary() async -> InlineMachine.PrimaryCheck

    /// Runs one copy of a job to its end. Cancelling the task ends it without an outcome if it has none yet.
    ///
    /// - Parameters:
    ///   - stop: stops its handler, should its caller give it up.
    ///   - onProgress: called with what its handler reports.
    ///   - onRunning: called when its handler starts.
    func run(
        _ request: Request, receivedAt: MonotonicInstant, stop: JobStop, onProgress: @escaping @Sendable (Partial) -> Void,
        onRunning: @escaping @Sendable () -> Void
    ) async -> JobEnd

    /// Puts a fence's receipt in place, or tells the one that stands there already.
    func fence(_ fence: Fence, receivedAt: MonotonicInstant) async -> JobEnd

    /// A position that covers everything committed before the question; `nil` if it cannot be told now.
    func position(in epoch: Epoch) async -> CausalToken?
}
