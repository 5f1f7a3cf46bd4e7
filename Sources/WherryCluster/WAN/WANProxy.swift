import NIOCore
import NIOPosix
import WherryCore

/// A TCP proxy on the loopback that behaves like a wide area network, and breaks like one.
///
/// ```swift
/// let proxy = try await WANProxy.start(target: server.port, link: WANLink(delay: .milliseconds(40)))
/// … connect to 127.0.0.1, proxy.port …
/// await proxy.cut()
/// await proxy.heal()
/// ```
///
/// A connection costs a round trip before its first byte is sent, as TCP's handshake does. What is under way is bounded: where a direction of a
/// connection holds ``underWayLimit`` bytes, the proxy stops reading, and TCP makes the sender wait.
public final class WANProxy: Sendable {
    /// The port on 127.0.0.1 where it listens.
    public let port: Int

    /// Most memory that the bytes under way in one direction of one connection take: 8 MiB, so 200 MB/s at 40 ms.
    public static let underWayLimit = 8 << 20

    private let loop: any EventLoop
    private let core: NIOLoopBound<WANCore>
    private let listener: any Channel

    private init(port: Int, loop: any EventLoop, core: NIOLoopBound<WANCore>, listener: any Channel) {
        self.port = port
        self.loop = loop
        self.core = core
        self.listener = listener
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - target: the port on 127.0.0.1 where connections lead.
    ///   - link: what the network is like; can be changed while it runs.
    ///   - port: where to listen on 127.0.0.1; default 0: any free one.
    /// - Throws: `portTaken`.
    public static func start(target: Int, link: WANLink = WANLink(), port: Int = 0) async throws(ClusterError) -> WANProxy {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        do {
            let core = try await loop.submit { NIOLoopBound(WANCore(target: target, link: link, loop: loop), eventLoop: loop) }.get()
            let listener = try await ServerBootstrap(group: loop)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.autoRead, value: false)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try core.value.accept(channel) }
                }
                .bind(host: "127.0.0.1", port: port).get()
            return WANProxy(port: listener.localAddress?.port ?? port, loop: loop, core: core, listener: listener)
        } catch {
            throw ClusterError(.portTaken, "the WAN proxy cannot listen on 127.0.0.1:\(port)", cause: error)
        }
    }

    /// What becomes of connections that are opened during a cut.
    public enum NewConnections: Sendable {
        /// They are accepted, and nothing more happens until the cut is healed: as close as the loopback comes to a SYN without an answer.
        case blackholed
        /// They are accepted and reset at once.
        case refused
    }

    /// Changes what the network is like, for bytes that set out from now on.
    public func setLink(_ link: WANLink) async {
        await self.perform { $0.link = link }
    }

    /// Leads connections that are opened from now on somewhere else: an address that moves, as it does in a failover. Those that are open stay where
    /// they lead, until they are closed or ``reset()``.
    ///
    /// - Parameter target: the port on 127.0.0.1.
    public func setTarget(_ target: Int) async {
        await self.perform { $0.target = target }
    }

    /// Cuts the cable: connections stall, nothing is lost, nobody is told. Healed, they go on, as TCP does.
    ///
    /// - Parameters:
    ///   - directions: which way; default both.
    ///   - newConnections: default `blackholed`.
    public func cut(_ directions: WANDirections = .both, newConnections: NewConnections = .blackholed) async {
        await self.perform { $0.cut(directions, newConnections: newConnections) }
    }

    /// Makes all connections half-open for good, and those opened until ``heal()`` too: what is sent is swallowed, no end is told of anything,
    /// not even that the other has closed. So it is when a peer's machine or a firewall's state has vanished.
    ///
    /// - Parameter directions: which way bytes are swallowed; default both.
    public func halfOpen(_ directions: WANDirections = .both) async {
        await self.perform { $0.halfOpen(directions) }
    }

    /// Resets (RST) all connections, at both ends, at once.
    public func reset() async {
        await self.perform { $0.reset() }
    }

    /// Ends a cut and a half-open time. Connections that were half-open stay so.
    public func heal() async {
        await self.perform { $0.heal() }
    }

    /// What it has seen.
    public func counters() async -> WANCounters {
        await self.perform { $0.currentCounters }
    }

    /// Stops listening and resets what is open. Fine twice.
    public func stop() async {
        // Fails only where it is closed already.
        try? await self.listener.close()
        await self.perform { $0.reset() }
    }

    private func perform<Result: Sendable>(_ body: @escaping @Sendable (WANCore) -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            self.loop.execute { [core] in continuation.resume(returning: body(core.value)) }
        }
    }
}
