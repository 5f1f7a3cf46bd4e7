internal import CLibZMQ

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Why ZeroMQ did not do what it was asked.
package struct ZeroMQError: Error, Hashable, Sendable {
    /// The kinds that a caller can act on.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String

        /// The peer's queue is full, or there is no connection yet that would take the message (EAGAIN). Nothing was sent; try later.
        package static let wouldBlock = Code(description: "wouldBlock")
        /// A ROUTER knows no peer of that routing id: it has gone, or its connection has (EHOSTUNREACH). Nothing was sent.
        package static let unreachable = Code(description: "unreachable")
        /// A frame is larger than ``ZeroMQOptions/maximumMessageSize``. Nothing was sent.
        package static let messageTooLarge = Code(description: "messageTooLarge")
        /// Somebody else is bound there already (EADDRINUSE).
        package static let addressInUse = Code(description: "addressInUse")
        /// The address is none of this machine's (EADDRNOTAVAIL, ENODEV).
        package static let addressNotAvailable = Code(description: "addressNotAvailable")
        /// The endpoint is not of a form that ZeroMQ knows, such as `tcp://host:port` (EINVAL, EPROTONOSUPPORT…).
        package static let invalidEndpoint = Code(description: "invalidEndpoint")
        /// The folder of an `ipc` endpoint does not exist (ENOENT).
        package static let notFound = Code(description: "notFound")
        /// The operating system forbids it (EACCES, EPERM).
        package static let permissionDenied = Code(description: "permissionDenied")
        /// An option is out of its range; the message names it.
        package static let invalidOption = Code(description: "invalidOption")
        /// The process has no descriptors left, or the context no sockets (EMFILE, ENFILE).
        package static let tooManySockets = Code(description: "tooManySockets")
        /// The socket was closed.
        package static let closed = Code(description: "closed")
        /// The context was terminated (ETERM).
        package static let terminated = Code(description: "terminated")
        /// Anything else; `errno` and the message say what.
        package static let other = Code(description: "other")
    }

    /// What kind of failure it is.
    package var code: Code
    /// libzmq's error number; 0 if the failure was found before it was asked.
    package var errno: CInt
    /// The endpoint it is about, if it is about one.
    package var endpoint: String?
    /// What failed and why, for people.
    package var message: String

    init(_ code: Code, endpoint: String? = nil, message: String) {
        self.code = code
        self.errno = 0
        self.endpoint = endpoint
        self.message = message
    }

    /// Takes over the error of the libzmq call that has just failed on this thread.
    ///
    /// - Parameter operation: what was asked, as in "bind to tcp://…".
    static func last(_ operation: String, endpoint: String? = nil) -> ZeroMQError {
        let number = zmq_errno()
        // SAFETY: the text is static, or the C library's until its next call on this thread; it is copied at once.
        let reason = unsafe zmq_strerror(number).map { unsafe String(cString: $0) } ?? "errno \(number)"
        var error = ZeroMQError(Code(errno: number), endpoint: endpoint, message: "cannot \(operation): \(reason)")
        error.errno = number
        return error
    }
}

extension ZeroMQError: CustomStringConvertible {
    package var description: String { self.message }
}

extension ZeroMQError.Code {
    /// The kind that a number of libzmq belongs to.
    fileprivate init(errno number: CInt) {
        self =
            switch number {
            case EAGAIN: .wouldBlock
            case EHOSTUNREACH: .unreachable
            case EADDRINUSE: .addressInUse
            case EADDRNOTAVAIL, ENODEV: .addressNotAvailable
            case EINVAL, EPROTONOSUPPORT, ENOCOMPATPROTO, ENAMETOOLONG: .invalidEndpoint
            case ENOENT: .notFound
            case EACCES, EPERM: .permissionDenied
            case EMFILE, ENFILE: .tooManySockets
            case ENOTSOCK: .closed
            case ETERM: .terminated
            default: .other
            }
    }
}
