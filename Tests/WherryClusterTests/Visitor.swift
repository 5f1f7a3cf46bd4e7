import NIOCore
import NIOPosix

/// A client's end of a TCP connection, for tests.
actor Visitor {
    private let channel: any Channel
    private let incoming: AsyncThrowingStream<ByteBuffer, any Error>
    private var unread = ByteBuffer()

    private init(channel: any Channel, incoming: AsyncThrowingStream<ByteBuffer, any Error>) {
        self.channel = channel
        self.incoming = incoming
    }

    static func connect(to port: Int) async throws -> Visitor {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation: continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return Visitor(channel: channel, incoming: stream)
    }

    func send(_ text: String) async throws {
        try await self.channel.writeAndFlush(ByteBuffer(string: text)).get()
    }

    /// Gives bytes to the kernel without waiting until it takes them.
    func pour(_ bytes: ByteBuffer) {
        self.channel.writeAndFlush(bytes, promise: nil)
    }

    /// Whether what was poured is more than the kernel takes.
    var isStuck: Bool { !self.channel.isWritable }

    /// Reads exactly so many characters; nil at the end of the stream.
    func read(_ count: Int) async throws -> String? {
        if self.unread.readableBytes < count {
            for try await bytes in self.incoming {
                self.unread.writeImmutableBuffer(bytes)
                if self.unread.readableBytes >= count { break }
            }
        }
        return self.unread.readString(length: count)
    }

    /// Sends a text and waits for its echo.
    func echo(_ text: String) async throws -> String? {
        try await self.send(text)
        return try await self.read(text.utf8.count)
    }

    func finish() async throws { try await self.channel.close(mode: .output).get() }

    func close() { self.channel.close(promise: nil) }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation

        init(continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation) { self.continuation = continuation }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.continuation.yield(self.unwrapInboundIn(data))
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { self.continuation.finish() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            self.continuation.finish(throwing: error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            self.continuation.finish()
        }
    }
}
