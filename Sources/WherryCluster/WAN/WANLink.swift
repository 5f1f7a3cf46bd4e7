/// What a stretch of wide area network does to TCP connections that work. What it does to others: ``WANProxy/cut(_:newConnections:)``.
public struct WANLink: Sendable, Hashable {
    /// How long bytes are under way, one way; default none.
    public var delay: Duration
    /// Up to so much is added to the delay, evenly distributed; bytes of one connection and direction still arrive in order. Default none.
    public var jitter: Duration
    /// Bytes a second in each direction, shared by all connections; default `nil`: no limit.
    public var bandwidth: Int?

    /// - Precondition: no duration is negative, the bandwidth is positive.
    public init(delay: Duration = .zero, jitter: Duration = .zero, bandwidth: Int? = nil) {
        precondition(delay >= .zero && jitter >= .zero, "bytes do not arrive before they were sent")
        precondition((bandwidth ?? 1) > 0, "nothing gets through a bandwidth of zero; that is a cut")
        self.delay = delay
        self.jitter = jitter
        self.bandwidth = bandwidth
    }
}

/// Which ways through a proxy.
public struct WANDirections: OptionSet, Sendable, Hashable {
    /// As an option set keeps it.
    public let rawValue: UInt8

    /// - Parameter rawValue: the bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// From who connects to the proxy, to the target.
    public static let toTarget = WANDirections(rawValue: 1)
    /// From the target, back to who connected.
    public static let toClient = WANDirections(rawValue: 2)
    /// Both.
    public static let both: WANDirections = [.toTarget, .toClient]
}

/// What a proxy has seen since it was started.
public struct WANCounters: Sendable, Hashable {
    /// Connections that clients opened.
    public var accepted = 0
    /// Of these, those that are open now.
    public var open = 0
    /// Connections that were reset by a fault, or because the target could not be reached.
    public var reset = 0
    /// Bytes delivered to the target.
    public var bytesToTarget = 0
    /// Bytes delivered to clients.
    public var bytesToClient = 0
    /// Bytes swallowed by half-open connections.
    public var bytesSwallowed = 0
    /// Bytes under way, in the proxy's memory.
    public var bytesUnderWay = 0
}
