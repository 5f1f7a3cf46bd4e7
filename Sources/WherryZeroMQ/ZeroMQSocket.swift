internal import CLibZMQ
package import WherryEventLoop

/// A ZeroMQ socket that lives on an event loop. Loop thread only.
///
/// ``close(linger:)`` ends it; if its owner forgets that and lets it go, it is closed on its loop a little later.
///
/// A message is a list of frames and goes as a whole or not at all. On a ROUTER the first frame is the peer's routing id, which libzmq puts in
/// front of what it receives and takes off what is sent.
@safe package final class ZeroMQSocket {
    /// What a socket does with many peers.
    package enum Kind: Hashable, Sendable {
        /// Knows each of its peers by a routing id, and sends to the one that is named.
        case router
        /// Sends to its peers in turn; with one connection, to that one.
        case dealer
    }

    /// How many messages ``drain(_:)`` takes at most before others on the loop have their turn.
    package static let messagesPerWake = 256
    /// After how many bytes ``drain(_:)`` takes no more. Default 4 MiB.
    package static let bytesPerWake = 4 << 20

    package let kind: Kind
    package let loop: EventLoop
    private let context: ZeroMQContext
    private let maximumMessageSize: Int
    // SAFETY: a libzmq socket is used by one thread: each method checks that it is on the loop's. `nil` once it is closed.
    private var pointer: UnsafeMutableRawPointer?
    // SAFETY: libzmq keeps small messages inside the structure, so it never moves: it is allocated once. Used only within `receiveFrame`.
    private let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
    private var registration: Registration?
    private var readable: (() -> Void)?
    private var writable: (() -> Void)?

    /// Opens a socket, on its loop.
    ///
    /// - Throws: ``ZeroMQError/Code/invalidOption``, ``ZeroMQError/Code/tooManySockets``, ``ZeroMQError/Code/terminated``.
    package init(
        _ kind: Kind,
        context: ZeroMQContext = .shared,
        options: ZeroMQOptions = ZeroMQOptions(),
        loop: EventLoop
    ) throws(ZeroMQError) {
        loop.checkIsolated()
        self.kind = kind
        self.loop = loop
        self.context = context
        self.maximumMessageSize = options.maximumMessageSize
        let pointer = try unsafe context.openSocket(kind)
        unsafe self.pointer = unsafe pointer
        do {
            // SAFETY: the socket was opened just now, on this thread.
            unsafe try options.apply(to: pointer, kind: kind)
            try context.adopt(self)
        } catch {
            self.close()
            throw error
        }
        // SAFETY: `close` cancels the registration before it closes the socket.
        self.registration = unsafe loop.register(zeroMQSocket: pointer, interest: []) { [weak self] readiness in
            self?.becameReady(readiness)
        }
    }

    deinit {
        unsafe self.message.deallocate()
        guard let pointer = unsafe self.pointer else { return }
        // SAFETY: its owner forgot `close`, and may have let it go on any thread; nobody else has these any more, so they go to the loop.
        nonisolated(unsafe) let abandoned = unsafe (pointer: pointer, registration: self.registration)
        self.loop.execute {
            unsafe abandoned.registration?.cancel()
            unsafe zmq_close(abandoned.pointer)
        }
        self.context.forget(ObjectIdentifier(self))
    }

    /// Whether it was closed.
    package var isClosed: Bool { unsafe self.pointer == nil }

    /// Closes the socket, at once and without blocking; what libzmq has yet to send may linger. Idempotent.
    ///
    /// Its port or path is given up a moment later, by libzmq's own threads.
    ///
    /// - Parameter linger: how long unsent messages may outlive it; `nil` for what its options say.
    package func close(linger: Duration? = nil) {
        guard let pointer = unsafe self.pointer else { return }
        self.loop.checkIsolated()
        self.registration?.cancel()
        self.registration = nil
        self.readable = nil
        self.writable = nil
        unsafe self.pointer = nil
        // SAFETY: the last use of the pointer; nobody else has it, now that the registration is cancelled.
        if let linger { unsafe ZeroMQOptions.setLinger(linger, on: pointer) }
        _ = unsafe zmq_close(pointer)
        self.context.forget(ObjectIdentifier(self))
    }

    // MARK: Endpoints

    /// Accepts connections at an endpoint.
    ///
    /// - Parameter endpoint: `tcp://127.0.0.1:7400`, `tcp://*:*`, `ipc:///run/wherry.sock`, `ipc://*`, `inproc://name`; see zmq_tcp(7),
    ///   zmq_ipc(7), zmq_inproc(7). A port of 0 or `*` is chosen by the system.
    /// - Returns: the endpoint as it is, wildcards resolved: what `unbind` and peers on this machine want.
    /// - Throws: ``ZeroMQError/Code/addressInUse``, ``ZeroMQError/Code/addressNotAvailable``, ``ZeroMQError/Code/invalidEndpoint``,
    ///   ``ZeroMQError/Code/permissionDenied``, ``ZeroMQError/Code/notFound``.
    @discardableResult
    package func bind(_ endpoint: String) throws(ZeroMQError) -> String {
        let pointer = try unsafe self.open()
        try Endpoint.check(endpoint)
        // SAFETY: an open socket on its thread; the text lives as long as the call. So in all of these.
        guard unsafe zmq_bind(pointer, endpoint) == 0 else { throw .last("bind to \(endpoint)", endpoint: endpoint) }
        if endpoint.hasPrefix("inproc:") { return endpoint }
        return try unsafe Endpoint.last(of: pointer)
    }

    /// Connects, and goes on connecting again whenever the connection is lost, until the socket is closed.
    ///
    /// It comes about later, if at all; a host name is looked up by libzmq's own thread.
    ///
    /// - Throws: ``ZeroMQError/Code/invalidEndpoint`` if the endpoint is of no known form.
    package func connect(_ endpoint: String) throws(ZeroMQError) {
        let pointer = try unsafe self.open()
        try Endpoint.check(endpoint)
        guard unsafe zmq_connect(pointer, endpoint) == 0 else { throw .last("connect to \(endpoint)", endpoint: endpoint) }
    }

    // MARK: Messages

    /// Sends a message, whole or not at all; never blocks.
    ///
    /// That it returns means that libzmq has the message, not that anybody will get it.
    ///
    /// - Parameter frames: at least one; on a ROUTER the routing id and at least one more.
    /// - Throws: ``ZeroMQError/Code/wouldBlock``, ``ZeroMQError/Code/unreachable``, ``ZeroMQError/Code/messageTooLarge``,
    ///   ``ZeroMQError/Code/closed``.
    package func send(_ frames: [[UInt8]]) throws(ZeroMQError) {
        precondition(frames.count >= (self.kind == .router ? 2 : 1), "a message has a frame beside the routing id")
        let pointer = try unsafe self.open()
        if let size = frames.lazy.map(\.count).max(), size > self.maximumMessageSize {
            throw ZeroMQError(
                .messageTooLarge,
                message: "cannot send a frame of \(size) bytes: the limit (maximumMessageSize) is \(self.maximumMessageSize)"
            )
        }
        var failure: ZeroMQError?
        for (index, frame) in frames.enumerated() {
            let isLast = index == frames.count - 1
            // SAFETY: as in `bind`; libzmq copies the bytes before it returns.
            if unsafe Self.sendFrame(frame, to: pointer, flags: ZMQ_DONTWAIT | (isLast ? 0 : ZMQ_SNDMORE)) { continue }
            if failure == nil { failure = .last("send a message of \(frames.count) frames") }
            // After a first frame that was refused, nothing is under way. If the connection goes in the middle, a DEALER takes back the frames
            // before (EAGAIN) and drops those that follow, up to the last, which it must be given lest it drop the next message's.
            if index == 0 { break }
        }
        if let failure { throw failure }
    }

    private static func sendFrame(_ frame: [UInt8], to pointer: UnsafeMutableRawPointer, flags: CInt) -> Bool {
        while true {
            let result = unsafe frame.withUnsafeBytes { bytes in unsafe zmq_send(pointer, bytes.baseAddress, bytes.count, flags) }
            if result >= 0 { return true }
            if zmq_errno() != EINTR { return false }
        }
    }

    /// Takes the next message; never blocks.
    ///
    /// - Returns: its frames; `nil` if nothing is there.
    /// - Throws: ``ZeroMQError/Code/closed``, ``ZeroMQError/Code/terminated``.
    package func receive() throws(ZeroMQError) -> [[UInt8]]? {
        let pointer = try unsafe self.open()
        var frames: [[UInt8]] = []
        repeat {
            guard let frame = try unsafe self.receiveFrame(from: pointer) else {
                // All frames of a message arrive together.
                precondition(frames.isEmpty, "libzmq gave a part of a message")
                return nil
            }
            frames.append(frame.bytes)
            if !frame.hasMore { return frames }
        } while true
    }

    /// Takes what is there, in a bite that is bounded (``messagesPerWake``, ``bytesPerWake``), so that a flood leaves time for others.
    ///
    /// The handler of ``onReadable(_:)`` is called again while more is there.
    ///
    /// - Parameter body: called with each message; may close the socket, which ends the bite.
    package func drain(_ body: ([[UInt8]]) -> Void) throws(ZeroMQError) {
        var bytes = 0
        for _ in 0..<Self.messagesPerWake {
            guard !self.isClosed, bytes < Self.bytesPerWake, let frames = try self.receive() else { return }
            bytes += frames.reduce(0) { $0 + $1.count }
            body(frames)
        }
    }

    private func receiveFrame(from pointer: UnsafeMutableRawPointer) throws(ZeroMQError) -> (bytes: [UInt8], hasMore: Bool)? {
        // SAFETY: `message` is initialised here and closed before return, and its bytes are copied in between.
        unsafe zmq_msg_init(self.message)
        defer { unsafe zmq_msg_close(self.message) }
        while unsafe zmq_msg_recv(self.message, pointer, ZMQ_DONTWAIT) < 0 {
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return nil
            default: throw .last("receive a message")
            }
        }
        let bytes = unsafe UnsafeRawBufferPointer(start: zmq_msg_data(self.message), count: zmq_msg_size(self.message))
        return unsafe (Array(bytes), zmq_msg_more(self.message) != 0)
    }

    // MARK: Readiness

    /// Sets what is called on the loop while there are messages to receive: again and again until they are taken.
    ///
    /// - Parameter handler: takes them, in bounded bites; see ``drain(_:)``. It may close the socket.
    package func onReadable(_ handler: @escaping () -> Void) {
        self.loop.checkIsolated()
        self.readable = handler
        self.registration?.interest.insert(.read)
    }

    /// Calls a handler on the loop, once, as soon as a send can succeed: a DEALER has a connection with room in its queue.
    ///
    /// A ROUTER is writable as long as *any* of its peers is, so this does not tell when a certain one is again.
    package func whenWritable(_ handler: @escaping () -> Void) {
        self.loop.checkIsolated()
        self.writable = handler
        self.registration?.interest.insert(.write)
    }

    private func becameReady(_ readiness: Readiness) {
        if readiness.contains(.error) {
            // Its context is gone; there is nothing left but to give the socket back.
            return self.close()
        }
        if readiness.contains(.writable), let writable = self.writable.take() {
            self.registration?.interest.remove(.write)
            writable()
        }
        if readiness.contains(.readable) { self.readable?() }
    }

    /// The libzmq socket, if it is still there and this is its thread.
    private func open() throws(ZeroMQError) -> UnsafeMutableRawPointer {
        self.loop.checkIsolated()
        guard let pointer = unsafe self.pointer else { throw ZeroMQError(.closed, message: "the ZeroMQ socket is closed") }
        return unsafe pointer
    }
}

extension ZeroMQSocket.Kind {
    /// libzmq's number for it.
    var number: CInt {
        switch self {
        case .router: ZMQ_ROUTER
        case .dealer: ZMQ_DEALER
        }
    }
}
