import ChaosJobs
import ChaosLog
import Wherry

/// One call, written down step by step.
struct Call {
    let work: ChaosWork
    let deadline: Duration
    /// Whether it also waits for the commit, before it waits for the output.
    let watchesCommit: Bool
    /// When it is given up; `nil`: never.
    var cancelsAfter: Duration?
    let journal: Journal

    init(_ work: ChaosWork, deadline: Duration, watchesCommit: Bool, journal: Journal) {
        self.work = work
        self.deadline = deadline
        self.watchesCommit = watchesCommit
        self.journal = journal
    }

    init(_ job: Transfer, deadline: Duration, watchesCommit: Bool, cancelsAfter: Duration? = nil, journal: Journal) {
        self.init(
            .transfer(source: job.source, target: job.target, amount: job.amount), deadline: deadline, watchesCommit: watchesCommit,
            journal: journal)
        self.cancelsAfter = cancelsAfter
    }

    /// - Parameter submit: hands the job over, with the deadline that it is given.
    /// - Returns: the output; `nil` if there was an error instead, which is in the log.
    @discardableResult
    func perform<Output>(_ submit: (Duration) async throws -> JobHandle<Output>) async -> Output? {
        let call = self.journal.nextCall()
        self.journal.write(.submitting(call: call, work: self.work, deadlineMilliseconds: Int(self.deadline / .milliseconds(1))))
        do {
            let handle = try await submit(self.deadline)
            self.journal.write(.submitted(call: call, job: "\(handle.id)"))
            if let cancelsAfter {
                // Cut short only where the whole process is.
                try? await Task.sleep(for: cancelsAfter)
                handle.cancel()
            }
            if self.watchesCommit {
                _ = try await handle.committed
                self.journal.write(.committed(call: call))
            }
            let output = try await handle.value
            self.journal.write(.acknowledged(call: call, output: "\(output)"))
            return output
        } catch let error as JobError {
            self.journal.write(.ended(call: call, code: "\(error.code)", message: "\(error)"))
        } catch {
            self.journal.write(.ended(call: call, code: "\(type(of: error))", message: "\(error)"))
        }
        return nil
    }
}
