import Foundation
import ServiceLifecycle

/// A service that ends when standard input does.
///
/// Whoever starts a process with a pipe as its input and keeps the other end open is alive as long as the pipe is, by whatever death it may
/// go. In a group of services that stops with the first of them, no process is left behind.
package struct InputEnd: Service {
    package init() {}

    package func run() async throws {
        let (ends, end) = AsyncStream.makeStream(of: Never.self)
        FileHandle.standardInput.readabilityHandler = { handle in
            if handle.availableData.isEmpty { end.finish() }
        }
        defer { FileHandle.standardInput.readabilityHandler = nil }
        await cancelWhenGracefulShutdown {
            for await _ in ends {}
        }
    }
}
