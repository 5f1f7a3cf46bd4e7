import NIOCore
import NIOPosix
import WherryCore

/// A client's connection, the one to the target that goes with it, and the two pipes between them. Lives on the proxy's event loop.
final class WANConnection {
    private let core: WANCore
    private let client: any Channel
    private var target: (any Channel)?
    private let toTarget: WANPipe
    private let toClient: WANPipe
    private var handshakeEnds: MonotonicInstant
    private var connecting = false
    private var isReset = false
    private var openEnds = 1

    init(client: any Channel, core: WANCore) {
        self.core = core
        self.client = client
        self.toTarget = WANPipe(.toTarget, core: core)
        self.toClient = WANPipe(.toClient, core: core)
        // In a real handshake the client's first byte leaves after a round trip and takes half of one more.
        self.handshakeEnds = core.now + core.link.delay * 3
    }

    var bytesUnderWay: Int { self.toTarget.size + self.toClient.size }

    func begin() throws {
        self.toTarget.source = self.client
        self.toClient.sink = self.client
        try self.client.pipeline.syncOperations.addHandler(WANEnd(incoming: self.toTarget, outgoing: self.toClient))
        self.whenClosed(self.client)
        self.swallow(self.core.swallowed)
        self.core.loop.assumeIsolated().scheduleTask(deadline: self.handshakeEnds.nio) { self.proceed() }
        // The channel is not active yet while its initialiser runs.
        self.core.loop.assumeIsolated().execute { self.toTarget.proceed() }
    }

    /// Something may have changed: goes on with what can go on.
    func proceed() {
        self.connect()
        self.toTarget.proceed()
        self.toClient.proceed()
    }

    /// Makes this connection half-open for good.
    func swallow(_ directions: WANDirections) {
        if directions.contains(.toTarget) { self.toTarget.swallow() }
        if directions.contains(.toClient) { self.toClient.swallow() }
    }

    func reset() {
        guard !self.isReset else { return }
        self.isReset = true
        self.core.counters.reset += 1
        self.client.reset()
        self.target?.reset()
        self.core.forget(self)
    }

    private func connect() {
        guard !self.connecting, !self.isReset, self.core.cut.isEmpty, !self.toTarget.isSwallowing, self.core.now >= self.handshakeEnds
        else { return }
        self.connecting = true
        let core = self.core
        let ends = NIOLoopBound(WANEnd(incoming: self.toClient, outgoing: self.toTarget), eventLoop: core.loop)
        ClientBootstrap(group: core.loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(ends.value) }
            }
            .connect(host: "127.0.0.1", port: core.target)
            .assumeIsolated()
            .whenComplete { outcome in
                switch outcome {
                case .success(let target):
                    guard !self.isReset else { return target.reset() }
                    self.target = target
                    self.openEnds += 1
                    self.toClient.source = target
                    self.toTarget.sink = target
                    self.whenClosed(target)
                    self.proceed()
                case .failure:
                    self.reset()
                }
            }
    }

    private func whenClosed(_ channel: any Channel) {
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            self.openEnds -= 1
            if self.openEnds == 0, self.target != nil || !self.connecting { self.core.forget(self) }
        }
    }
}

extension MonotonicInstant {
    /// The same moment on NIO's clock, which is where the proxy has it from.
    var nio: NIODeadline { .uptimeNanoseconds(UInt64(clamping: self.nanoseconds)) }
}
