import Foundation
import Synchronization

/// The log of one process: a line is with the kernel, and so survives the process, before the call that wrote it returns.
package final class ChaosLogFile: Sendable {
    private let file: Mutex<FileHandle>

    /// - Throws: what Foundation says if the file cannot be made.
    package init(_ path: String) throws {
        try Data().write(to: URL(filePath: path), options: .withoutOverwriting)
        self.file = Mutex(try FileHandle(forWritingTo: URL(filePath: path)))
    }

    /// Milliseconds on the machine's monotonic clock.
    package static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) * 1_000 + Double(time.tv_nsec) / 1_000_000
    }

    /// Writes an event with the time; a caller that cannot write is of no use any more, and ends.
    package func write(_ event: ChaosEvent) {
        do {
            try self.file.withLock { try $0.write(contentsOf: ChaosLine(at: Self.now, event: event).encoded()) }
        } catch {
            fatalError("the chaos log cannot be written: \(error)")
        }
    }
}
