import NIOCore
import NIOPosix

/// A TCP server on the loopback that sends back what it gets, or, told to be deaf, reads nothing at all.
struct EchoServer: Sendable {
    let port: Int
    /// One element for each connection's end of file.
    let ends: AsyncStream<Void>
    private let listener: any Channel

    static func start(deaf: Bool = false) async throws -> EchoServer {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: !deaf)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Echo(end: end)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return EchoServer(port: listener.localAddress?.port ?? 0, ends: ends, listener: listener)
    }

    func stop() async throws { try await self.listener.close() }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let end: AsyncStream<Void>.Continuation

        init(end: AsyncStream<Void>.Continuation) { self.end = end }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(data, promise: nil)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard event as? ChannelEvent == .inputClosed else { return }
            self.end.yield()
            context.close(mode: .output, promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
