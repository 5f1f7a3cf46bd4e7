internal import CLibZMQ

/// A thread of its own, for what blocks and so must not run on the cooperative pool.
package struct DedicatedThread: Sendable {
    /// What `currentIdentity` says on it.
    let identity: UInt

    /// Starts a thread that somebody must `join()`.
    ///
    /// - Parameters:
    ///   - name: what tools show; Linux keeps 15 bytes of it.
    ///   - body: what it does; the thread ends when it returns.
    package init(name: String, _ body: @escaping @Sendable () -> Void) {
        var identity: UInt = 0
        // SAFETY: the pointer is used only during the call.
        unsafe Self.start(&identity, ThreadBody(name: name, run: body))
        self.identity = identity
    }

    /// Blocks until the thread has ended. Once only.
    package func join() {
        let result = wherry_thread_join(self.identity)
        precondition(result == 0, "joining a thread failed with errno \(result): it was joined before, or joins itself")
    }

    /// Starts a thread that nobody joins.
    package static func detach(name: String, _ body: @escaping @Sendable () -> Void) {
        // SAFETY: no pointer is passed: the thread frees itself.
        unsafe Self.start(nil, ThreadBody(name: name, run: body))
    }

    /// Runs what blocks on a thread of its own and suspends until it is done.
    package static func run<Result: Sendable>(name: String, _ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Self.detach(name: name) { continuation.resume(returning: body()) }
        }
    }

    /// Which thread runs this code. The number of a thread that has ended may be given out again.
    static var currentIdentity: UInt { UInt(wherry_thread_identity()) }

    private static func start(_ identity: UnsafeMutablePointer<UInt>?, _ body: ThreadBody) {
        // SAFETY: the new thread takes over the one reference that is passed to it.
        let result = unsafe wherry_thread_start(
            identity,
            { context in
                guard let context = unsafe context else { return nil }
                let body = unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue()
                unsafe wherry_thread_set_name(body.name)
                body.run()
                return nil
            },
            Unmanaged.passRetained(body).toOpaque()
        )
        if result != 0 { fatalError("cannot start the thread \(body.name): errno \(result)") }
    }
}

/// What goes through `pthread_create`'s pointer.
private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}
