/// How a ZeroMQ socket behaves. Set once, before it binds or connects; the manual is zmq_setsockopt(3).
package struct ZeroMQOptions: Hashable, Sendable {
    /// How the operating system watches over TCP connections on which nothing happens.
    ///
    /// A second line behind the heartbeats of Wherry's protocol, which see a dead peer sooner; it frees connections that nobody asks about.
    package struct KeepAlive: Hashable, Sendable {
        /// How long a connection may be silent before it is probed (ZMQ_TCP_KEEPALIVE_IDLE); whole seconds. Default 30 s.
        package var idle: Duration = .seconds(30)
        /// How long to wait for the answer to a probe before the next (ZMQ_TCP_KEEPALIVE_INTVL); whole seconds. Default 10 s.
        package var interval: Duration = .seconds(10)
        /// How many probes may stay unanswered before the connection is given up (ZMQ_TCP_KEEPALIVE_CNT). Default 3.
        package var probes: Int = 3

        package init() {}
    }

    /// How many messages may wait for one peer; one more gives ``ZeroMQError/Code/wouldBlock`` (ZMQ_SNDHWM). Default 1 000, at least 1.
    ///
    /// libzmq counts in batches and so is not exact; kernel buffers take some more; on `inproc` the receiver's mark is added to it.
    package var sendHighWaterMark: Int = 1_000
    /// How many messages of one peer may wait for us before TCP slows it down (ZMQ_RCVHWM). Default 1 000, at least 1.
    package var receiveHighWaterMark: Int = 1_000
    /// How long messages that were sent may outlive the socket's closing (ZMQ_LINGER). Default 1 s; less than ``minimumLinger`` counts as that.
    package var linger: Duration = .seconds(1)
    /// The least that a socket lingers: 100 ms.
    ///
    /// With none, libzmq stops reading its own queue at once, between the frames of a message if need be, and aborts the process if that
    /// connection breaks just then (an `errno_assert` in `session_base_t::clean_pipes`, github.com/zeromq/libzmq/issues/3442; seen with 4.3.4
    /// where both ends closed at once in the middle of a stream). A socket with nothing left to send does not linger at all.
    package static let minimumLinger: Duration = .milliseconds(100)
    /// Whether messages wait for complete connections only (ZMQ_IMMEDIATE). Default true: nothing is queued for a peer that is not there; a
    /// DEALER without a connection gives ``ZeroMQError/Code/wouldBlock``, and what waited for a connection goes with it.
    package var immediate: Bool = true
    /// The largest frame in bytes (ZMQ_MAXMSGSIZE). Default 16 MiB, at least 1. A larger one is refused when it is sent; a peer that sends one
    /// all the same is disconnected (not on `inproc`, where nothing is received from strangers).
    package var maximumMessageSize: Int = 16 << 20
    /// How long after a lost connection to try again (ZMQ_RECONNECT_IVL). Default 100 ms, at least 1 ms; libzmq adds jitter.
    package var reconnectInterval: Duration = .milliseconds(100)
    /// To what the reconnect interval doubles while it keeps failing (ZMQ_RECONNECT_IVL_MAX). Default 5 s; zero: it does not grow.
    package var reconnectIntervalMaximum: Duration = .seconds(5)
    /// How long a connection may take to come about (ZMQ_CONNECT_TIMEOUT). Default 10 s; zero: as long as the operating system says.
    package var connectTimeout: Duration = .seconds(10)
    /// How long a new connection may take to say who it is before it is dropped (ZMQ_HANDSHAKE_IVL). Default 10 s; zero: for ever.
    package var handshakeInterval: Duration = .seconds(10)
    /// Whether a ROUTER says ``ZeroMQError/Code/unreachable`` and ``ZeroMQError/Code/wouldBlock`` where it would otherwise drop a message in
    /// silence (ZMQ_ROUTER_MANDATORY). Default true.
    package var routerMandatory: Bool = true
    /// Whether a new connection may take over the routing id of an older one (ZMQ_ROUTER_HANDOVER). Default false: nobody can take another's
    /// place by naming its id.
    package var routerHandover: Bool = false
    /// How many connections may wait to be accepted (ZMQ_BACKLOG); the operating system has a limit of its own. Default 1 024.
    package var backlog: Int = 1_024
    /// TCP keepalive (ZMQ_TCP_KEEPALIVE). Default on; `nil` leaves it to the operating system.
    package var keepAlive: KeepAlive? = KeepAlive()
    /// Whether IPv6 addresses are allowed beside IPv4 (ZMQ_IPV6). Default false: with it, a host name such as `localhost` means its IPv6 address
    /// alone, since libzmq tries only the first.
    package var ipv6: Bool = false

    package init() {}
}
