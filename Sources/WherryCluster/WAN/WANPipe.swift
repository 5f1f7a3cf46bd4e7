import NIOCore
import WherryCore

/// One direction of one connection: from one channel through the delay line to the other. Lives on the proxy's event loop.
final class WANPipe {
    private enum Parcel {
        case bytes(ByteBuffer)
        /// The source has no more to send (FIN).
        case end
        /// The source is gone (RST, or an error).
        case reset
    }

    private let direction: WANDirections
    private let core: WANCore
    private var line = DelayLine<Parcel>()
    private var timer: Scheduled<Void>?
    private var isReading = false
    private var sourceEnded = false
    private var sinkIsGone = false

    var source: (any Channel)?
    var sink: (any Channel)?
    /// For good: see ``WANProxy/halfOpen(_:)``.
    private(set) var isSwallowing = false

    init(_ direction: WANDirections, core: WANCore) {
        self.direction = direction
        self.core = core
    }

    var size: Int { self.line.size }

    private var isCut: Bool { !self.core.cut.isDisjoint(with: self.direction) }

    // MARK: What the channels report

    func received(_ bytes: ByteBuffer) {
        if self.isSwallowing || self.sinkIsGone {
            self.core.counters.bytesSwallowed += bytes.readableBytes
            return
        }
        // A small read comes in a large buffer: keep what was read, so that bytes under way take about their own size of memory.
        let size = bytes.readableBytes
        let kept = bytes.storageCapacity > 2 * size ? ByteBuffer(bytes: bytes.readableBytesView) : bytes
        self.line.send(.bytes(kept), size: size, arriving: self.core.arrival(of: size, going: self.direction))
        self.proceed()
    }

    func finishedReading() {
        self.isReading = false
        self.proceed()
    }

    /// The source has closed: in order (its bytes have all come), or not.
    func sourceEnded(inOrder: Bool) {
        guard !self.sourceEnded else { return }
        self.sourceEnded = true
        guard !self.isSwallowing else { return }
        self.line.send(inOrder ? .end : .reset, size: 0, arriving: self.core.arrival(of: 0, going: self.direction))
        self.proceed()
    }

    func sinkClosed() {
        self.sinkIsGone = true
        self.core.counters.bytesSwallowed += self.line.lose()
        self.proceed()
    }

    // MARK: Going on

    func swallow() {
        self.isSwallowing = true
        self.core.counters.bytesSwallowed += self.line.lose()
        self.proceed()
    }

    /// Delivers what has arrived, reads on if there is room, and comes back when the next parcel arrives.
    func proceed() {
        self.deliver()
        self.readOn()
    }

    private func deliver() {
        guard !self.isCut, !self.sinkIsGone, let sink, sink.isActive else { return }
        var wrote = false
        while sink.isWritable, let parcel = self.line.take(by: self.core.now) {
            switch parcel {
            case .bytes(let bytes):
                self.count(bytes.readableBytes)
                sink.write(bytes, promise: nil)
                wrote = true
            case .end:
                sink.flush()
                sink.close(mode: .output, promise: nil)
            case .reset:
                sink.reset()
            }
        }
        if wrote { sink.flush() }
        self.timer?.cancel()
        self.timer = nil
        // A sink that is not writable calls back when it is.
        guard sink.isWritable, let due = self.line.nextDue else { return }
        self.timer = self.core.loop.assumeIsolated().scheduleTask(deadline: due.nio) { self.proceed() }
    }

    private func readOn() {
        guard !self.isReading, !self.sourceEnded, let source, source.isActive else { return }
        // A cut stops reading, so that the sender feels it; what is swallowed is read, for nobody tells the sender.
        guard self.isSwallowing || self.sinkIsGone || (!self.isCut && self.line.size < WANProxy.underWayLimit) else { return }
        self.isReading = true
        source.read()
    }

    private func count(_ bytes: Int) {
        if self.direction == .toTarget {
            self.core.counters.bytesToTarget += bytes
        } else {
            self.core.counters.bytesToClient += bytes
        }
    }
}
