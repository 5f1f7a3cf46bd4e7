/// What a broker is told when it is made.
public struct BrokerConfiguration: Hashable, Sendable {
    /// The region that the broker stands in, for example `syd`: 1 to 200 UTF-8 bytes.
    public var region: String
    /// Where it listens: ZeroMQ endpoints such as `tcp://*:7400` (IPv4), `tcp://[::]:7400` (IPv6 and IPv4), `tcp://127.0.0.1:*` (any free port),
    /// `ipc:///run/wherry/syd.sock` or `inproc://broker`. At least one.
    public var binds: [String]
    /// How much it holds at most.
    public var limits: BrokerLimits
    /// How often each side of a connection says something. Default 1 s.
    public var heartbeatInterval: Duration
    /// A peer that was silent for so many intervals is dead. Default 3.
    public var livenessIntervals: Int
    /// How long jobs that workers hold may take to finish once the broker is told to stop. Default 30 s.
    public var drainTimeout: Duration
    /// How long a job that a worker holds is remembered beyond its deadline. Default 60 s.
    public var overdueGrace: Duration
    /// How soon a client that met a full queue may come back; it is told this to twice this, at random. Default 250 ms.
    public var retryAfter: Duration
    /// Whose jobs these are: the scope that receipts store. Default `default`.
    public var scope: String

    /// Makes a configuration with the defaults.
    ///
    /// - Parameters:
    ///   - region: the region that the broker stands in.
    ///   - binds: the ZeroMQ endpoints that it listens on.
    public init(region: String, binds: [String] = []) {
        self.region = region
        self.binds = binds
        self.limits = BrokerLimits()
        self.heartbeatInterval = .seconds(1)
        self.livenessIntervals = 3
        self.drainTimeout = .seconds(30)
        self.overdueGrace = .seconds(60)
        self.retryAfter = .milliseconds(250)
        self.scope = "default"
    }

    /// After so long a silence a peer is dead.
    package var liveness: Duration {
        self.heartbeatInterval * self.livenessIntervals
    }
}
