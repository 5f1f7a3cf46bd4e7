package import WherryCore

/// A wish for a receipt that keeps every late copy of a job from committing. If one stands already, that is the outcome.
package struct Fence: Hashable, Sendable {
    package var job: JobIdentity
    /// `cancelled`, `expired`, `poisoned` or `lost`.
    package var kind: Outcome
    /// As in REQUEST.
    package var epoch: Epoch?

    package init(job: JobIdentity, kind: Outcome, epoch: Epoch?) {
        self.job = job
        self.kind = kind
        self.epoch = epoch
    }
}
