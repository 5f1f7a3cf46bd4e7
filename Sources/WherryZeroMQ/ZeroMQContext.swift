internal import CLibZMQ
internal import Synchronization
internal import WherryCore
internal import WherryEventLoop

/// What ZeroMQ sockets live in: libzmq's I/O threads, and the space of `inproc` names.
@safe package final class ZeroMQContext: Sendable {
    /// The process's default context. It is never terminated.
    package static let shared = ZeroMQContext()

    private struct State: Sendable {
        var sockets: [ObjectIdentifier: OpenSocket] = [:]
        var isTerminating = false
    }

    private struct OpenSocket: Sendable {
        let loop: EventLoop
        let reference: WeakReference
    }

    private final class WeakReference: Sendable {
        // SAFETY: set once; read only on the socket's loop.
        nonisolated(unsafe) weak let socket: ZeroMQSocket?

        init(_ socket: ZeroMQSocket) {
            unsafe self.socket = socket
        }
    }

    // SAFETY: a libzmq context may be used by any thread; it is freed by `terminate`, which waits for all sockets, or by `deinit`.
    private nonisolated(unsafe) let pointer: UnsafeMutableRawPointer
    private let state = Locked(State())
    private let hasTerminated = Latch()

    /// Makes a context. Its threads start with its first socket; somebody must `terminate()` it.
    ///
    /// - Parameters:
    ///   - ioThreads: libzmq's threads that move bytes (ZMQ_IO_THREADS); one does about a gigabyte a second.
    ///   - maximumSockets: how many sockets may be open at once (ZMQ_MAX_SOCKETS); one more is ``ZeroMQError/Code/tooManySockets``.
    package init(ioThreads: Int = 1, maximumSockets: Int = 4_096) {
        guard let pointer = unsafe zmq_ctx_new() else { fatalError("cannot make a ZeroMQ context: errno \(zmq_errno())") }
        unsafe self.pointer = unsafe pointer
        for (option, value) in [(ZMQ_IO_THREADS, ioThreads), (ZMQ_MAX_SOCKETS, maximumSockets)] {
            let result = unsafe zmq_ctx_set(pointer, option, CInt(clamping: value))
            precondition(result == 0, "a ZeroMQ context cannot have \(ioThreads) I/O threads and \(maximumSockets) sockets")
        }
    }

    /// Closes all its sockets, each on its loop, and frees the context once their last messages have gone or their lingering is over.
    ///
    /// Never blocks the caller's thread: `zmq_ctx_term` waits on a thread of its own. Idempotent; not for ``shared``.
    package func terminate() async {
        precondition(self !== Self.shared, "the shared ZeroMQ context is never terminated")
        let sockets = self.state.withLock { state -> [OpenSocket]? in
            if state.isTerminating { return nil }
            state.isTerminating = true
            return Array(state.sockets.values)
        }
        guard let sockets else { return await self.hasTerminated.wait() }
        for open in sockets {
            // SAFETY: `socket` is read on its loop.
            open.loop.execute { unsafe open.reference.socket?.close() }
        }
        await DedicatedThread.run(name: "wherry-zmq-term") {
            // SAFETY: no socket can be made any more, and this is called once.
            while unsafe zmq_ctx_term(self.pointer) == -1, zmq_errno() == EINTR {}
        }
        self.hasTerminated.open()
    }

    deinit {
        assert(self.state.withLock { $0.isTerminating }, "a ZeroMQ context was let go without terminate()")
    }

    /// Opens a libzmq socket in this context.
    func openSocket(_ kind: ZeroMQSocket.Kind) throws(ZeroMQError) -> UnsafeMutableRawPointer {
        // SAFETY: the pointer goes to the caller alone. Under the lock, for `terminate` frees the context once nobody can come in here.
        nonisolated(unsafe) var socket: UnsafeMutableRawPointer?
        try self.state.withLock { state throws(ZeroMQError) in
            if state.isTerminating { throw Self.terminated }
            unsafe socket = unsafe zmq_socket(self.pointer, kind.number)
        }
        guard let opened = unsafe socket else { throw .last("open a socket") }
        return unsafe opened
    }

    /// Makes `terminate` close this socket if its owner has not.
    func adopt(_ socket: ZeroMQSocket) throws(ZeroMQError) {
        let open = OpenSocket(loop: socket.loop, reference: WeakReference(socket))
        let id = ObjectIdentifier(socket)
        try self.state.withLock { state throws(ZeroMQError) in
            if state.isTerminating { throw Self.terminated }
            state.sockets[id] = open
        }
    }

    func forget(_ socket: ObjectIdentifier) {
        _ = self.state.withLock { state in state.sockets.removeValue(forKey: socket) }
    }

    private static var terminated: ZeroMQError { ZeroMQError(.terminated, message: "the ZeroMQ context was terminated") }
}
