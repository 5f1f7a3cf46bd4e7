import Synchronization
import WherryCore
import WherryWire

/// Where a job's tokens go, as it moves on.
struct TokenSink: Sendable {
    /// The client's own record: only what has been seen here, so that one impatient writer never slows all readers.
    let client: SessionRecord
    /// The session that started the job: all that it wrote.
    let session: SessionRecord?
    let reads: LocalReads

    /// Called before anybody who waits for the job hears of it.
    func notice(_ progress: PendingJob.Progress) {
        if let token = progress.committed?.token { self.notice(token) }
        switch progress.completion {
        case .visible(let reply):
            self.notice(reply.token)
            self.client.note(reply.token)
        // A failed job has a receipt too: whoever was told of it can find it.
        case .settled(let reply), .notVisible(let reply, _): self.notice(reply.token)
        default: break  // nothing was written or seen, or it was noted above as where the job ended
        }
    }

    private func notice(_ token: CausalToken) {
        self.reads.gate.withLock { $0.learn(token) }
        self.session?.note(token)
    }
}
