import ChaosLog
import Synchronization

/// The log of this process, and the numbers of its calls.
final class Journal: Sendable {
    private let log: ChaosLogFile
    private let lastCall = Mutex(0)

    init(_ log: ChaosLogFile) {
        self.log = log
    }

    func write(_ event: ChaosEvent) {
        self.log.write(event)
    }

    func nextCall() -> Int {
        self.lastCall.withLock { last in
            last += 1
            return last
        }
    }
}
