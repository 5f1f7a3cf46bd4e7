import NIOCore

/// The proxy's handler on a channel: tells the pipe that comes from it, and the one that leads to it, what happens.
final class WANEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let incoming: WANPipe
    private let outgoing: WANPipe
    private var failed = false

    init(incoming: WANPipe, outgoing: WANPipe) {
        self.incoming = incoming
        self.outgoing = outgoing
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.incoming.received(self.unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.incoming.finishedReading()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.outgoing.proceed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { self.incoming.sourceEnded(inOrder: true) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Where the other half was closed already, an end of file comes as this.
        self.incoming.sourceEnded(inOrder: !self.failed)
        self.outgoing.sinkClosed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that resets its connection is what this proxy is for; that the channel becomes inactive tells the rest.
        self.failed = true
        context.close(promise: nil)
    }
}
