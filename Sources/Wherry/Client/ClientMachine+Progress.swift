import WherryCore
import WherryWire

extension ClientMachine {
    /// Which of a job's PARTIALs are news. They come in order from the broker that holds the job; what another one sends was on its way when the
    /// job went elsewhere. A run that begins anew counts from 0 again, and says RUNNING before.
    struct ProgressGate: Sendable {
        /// Where the next one must be at least.
        private var next: UInt64 = 0
        private var mayStartOver = false
        /// How often the job began anew as far as its progress tells.
        private(set) var run = 0

        mutating func running() {
            self.mayStartOver = true
        }

        /// - Returns: whether it is news.
        mutating func takes(_ sequence: UInt64) -> Bool {
            if sequence < self.next {
                guard self.mayStartOver else { return false }
                self.run += 1
            }
            self.mayStartOver = false
            self.next = sequence == .max ? .max : sequence + 1
            return true
        }
    }

    mutating func progressed(_ partial: Partial, from link: LinkID, now: MonotonicInstant) {
        guard let handle = self.byID[partial.id], var entry = self.entries[handle] else { return }
        entry.lastNews = now
        let isNews = entry.holder == link && entry.progress.takes(partial.sequence)
        self.store(handle, entry)
        if isNews { self.output.append(.progressed(handle, partial, run: entry.progress.run)) }
    }
}
