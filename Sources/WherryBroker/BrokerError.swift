internal import WherryZeroMQ

/// Why a broker does not run.
public struct BrokerError: Error, Sendable {
    /// The kinds that a caller can act on.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// Its name.
        public let description: String

        /// A value in the configuration is out of range; the message names it.
        public static let invalidConfiguration = Code(description: "invalidConfiguration")
        /// An endpoint could not be bound; `endpoint` is the one.
        public static let cannotBind = Code(description: "cannotBind")
        /// A broker runs once: make a new one.
        public static let alreadyRan = Code(description: "alreadyRan")
        /// The broker has stopped.
        public static let stopped = Code(description: "stopped")
        /// Its socket failed under it.
        public static let socketFailed = Code(description: "socketFailed")
    }

    /// What kind of failure it is.
    public var code: Code
    /// What failed and what to do, for people.
    public var message: String
    /// The endpoint that it is about, if it is about one.
    public var endpoint: String?
    /// The error of the layer below, if it has one.
    public var cause: (any Error)?

    init(_ code: Code, _ message: String, endpoint: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.endpoint = endpoint
        self.cause = cause
    }

    /// Whether the same may work a little later: an address may come free, a folder appear.
    public var isRetryable: Bool {
        guard self.code == .cannotBind, let cause = self.cause as? ZeroMQError else { return false }
        return [.addressInUse, .addressNotAvailable, .notFound].contains(cause.code)
    }
}

extension BrokerError: CustomStringConvertible {
    /// For logs.
    public var description: String {
        "\(self.code): \(self.message)"
    }
}
