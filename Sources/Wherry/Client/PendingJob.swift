import Synchronization
import WherryCore
import WherryJobs
import WherryWire

/// What the loop and the caller of one job share: how far it is, and who waits for that.
///
/// Its continuations have three states, each at most once: not there yet, waiting, resumed. Whoever comes first, caller, loop or
/// cancellation, each waiter is resumed exactly once.
final class PendingJob: Sendable {
    enum Stage: Int, Comparable, Sendable {
        case submitted
        /// It has its id.
        case identified
        /// It has committed at the primary.
        case committed
        /// `complete` came.
        case ended

        static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    struct Progress: Sendable {
        var stage = Stage.submitted
        var id: JobID?
        var committed: Reply?
        var completion: ClientMachine.Completion?
        var timings = JobTimings()
    }

    private struct Waiter {
        var stage: Stage
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var progress = Progress()
        var waiters: [Int: Waiter] = [:]
        var cancelled: Set<Int> = []
        var lastTicket = 0
    }

    let handle: ClientMachine.Handle
    let name: String
    /// What its output and its failure's payload are read with.
    let coding: any JobCoding
    let listeners = ProgressListeners()
    /// Its spans, if anybody traces.
    let trace: JobTrace?
    private let tokens: TokenSink?
    private let state = Locked(State())

    init(
        handle: ClientMachine.Handle, name: String, coding: any JobCoding = JSONJobCoding(), trace: JobTrace? = nil,
        tokens: TokenSink? = nil
    ) {
        self.handle = handle
        self.name = name
        self.coding = coding
        self.trace = trace
        self.tokens = tokens
    }

    var progress: Progress { self.state.withLock { $0.progress } }

    /// Moves on, and wakes those who waited for that.
    func advance(to stage: Stage, _ change: (inout Progress) -> Void) {
        let ready = self.state.withLock { state in
            change(&state.progress)
            self.tokens?.notice(state.progress)
            state.progress.stage = max(state.progress.stage, stage)
            let ready = state.waiters.filter { $0.value.stage <= state.progress.stage }
            for ticket in ready.keys { state.waiters[ticket] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in ready { continuation.resume(returning: true) }
        if stage == .ended { self.listeners.end() }
    }

    /// Waits until the job is that far. Cancelling the task ends the wait, not the job.
    func wait(for stage: Stage) async throws(CancellationError) -> Progress {
        let ticket = self.makeTicket()
        let isThere = await withTaskCancellationHandler {
            await self.suspend(ticket, until: stage)
        } onCancel: {
            self.cancel(ticket)
        }
        guard isThere else { throw CancellationError() }
        return self.progress
    }

    /// Waits until the job is that far, whatever happens to the task: every job ends.
    func waitRegardless(for stage: Stage) async -> Progress {
        _ = await self.suspend(self.makeTicket(), until: stage)
        return self.progress
    }

    private func makeTicket() -> Int {
        self.state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
    }

    private func suspend(_ ticket: Int, until stage: Stage) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer: Bool? = self.state.withLock { state in
                if state.progress.stage >= stage { return true }
                if state.cancelled.remove(ticket) != nil { return false }
                state.waiters[ticket] = Waiter(stage: stage, continuation: continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func cancel(_ ticket: Int) {
        let waiter = self.state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: ticket)
            if waiter == nil { state.cancelled.insert(ticket) }
            return waiter
        }
        waiter?.continuation.resume(returning: false)
    }
}
