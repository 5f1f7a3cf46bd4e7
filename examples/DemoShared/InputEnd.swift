import Foundation
import ServiceLifecycle

/// A service that ends when its standard input does.
///
/// Whoever starts a process with a pipe as its input and keeps the other end open is alive as long as the pipe is, by whatever death it may
/// go. In a group of services that stops with the first of them, no process is left behind.
package struct InputEnd: Service {
    private let descriptor: CInt

    /// - Parameter descriptor: what is read to its end; stays its owner's. By default standard input.
    package init(descriptor: CInt = STDIN_FILENO) {
        self.descriptor = descriptor
    }

    package func run() async throws {
        let (ends, end) = AsyncStream.makeStream(of: Never.self)
        // A thread that blocks, and not `FileHandle.readabilityHandler`: if a pipe hangs up while Dispatch registers its source, Dispatch's own
        // thread looks at memory that was freed (about one time in 150, swift-corelibs-libdispatch of 6.3, `_dispatch_event_loop_drain`).
        Thread.detachNewThread { [descriptor] in
            Self.readToEnd(descriptor)
            end.finish()
        }
        await cancelWhenGracefulShutdown {
            for await _ in ends {}
        }
    }

    /// Returns at the end of the input, or when it cannot be read at all.
    private static func readToEnd(_ descriptor: CInt) {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        // poll(2) would wait for ever for a descriptor that is none.
        while descriptor >= 0 {
            // The descriptor may be shared with somebody who made it non-blocking.
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, -1) < 0, errno != EINTR { return }
            let count = read(descriptor, &bytes, bytes.count)
            if count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) { return }
        }
    }
}
