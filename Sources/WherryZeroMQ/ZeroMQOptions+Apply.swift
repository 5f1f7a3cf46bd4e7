internal import CLibZMQ
internal import WherryCore

/// How options reach libzmq. Every function wants an open socket, on its own thread.
extension ZeroMQOptions {
    /// Sets all options on a new socket.
    func apply(to socket: UnsafeMutableRawPointer, kind: ZeroMQSocket.Kind) throws(ZeroMQError) {
        // SAFETY: the caller's promise, passed on: an open socket, on its own thread.
        unsafe try Self.set(ZMQ_SNDHWM, self.sendHighWaterMark, in: 1...Int(CInt.max), "sendHighWaterMark", on: socket)
        unsafe try Self.set(ZMQ_RCVHWM, self.receiveHighWaterMark, in: 1...Int(CInt.max), "receiveHighWaterMark", on: socket)
        unsafe Self.setLinger(self.linger, on: socket)
        unsafe try Self.set(ZMQ_IMMEDIATE, self.immediate, "immediate", on: socket)
        unsafe try Self.set(ZMQ_RECONNECT_IVL, milliseconds: self.reconnectInterval, atLeast: 1, "reconnectInterval", on: socket)
        unsafe try Self.set(ZMQ_RECONNECT_IVL_MAX, milliseconds: self.reconnectIntervalMaximum, "reconnectIntervalMaximum", on: socket)
        unsafe try Self.set(ZMQ_CONNECT_TIMEOUT, milliseconds: self.connectTimeout, "connectTimeout", on: socket)
        unsafe try Self.set(ZMQ_HANDSHAKE_IVL, milliseconds: self.handshakeInterval, "handshakeInterval", on: socket)
        unsafe try Self.set(ZMQ_BACKLOG, self.backlog, in: 1...Int(CInt.max), "backlog", on: socket)
        unsafe try Self.set(ZMQ_IPV6, self.ipv6, "ipv6", on: socket)
        guard self.maximumMessageSize >= 1 else { throw Self.invalid("maximumMessageSize", self.maximumMessageSize, 1...Int(CInt.max)) }
        unsafe try Self.set(ZMQ_MAXMSGSIZE, raw: Int64(self.maximumMessageSize), "maximumMessageSize", on: socket)
        if kind == .router {
            unsafe try Self.set(ZMQ_ROUTER_MANDATORY, self.routerMandatory, "routerMandatory", on: socket)
            unsafe try Self.set(ZMQ_ROUTER_HANDOVER, self.routerHandover, "routerHandover", on: socket)
        }
        if let keepAlive = self.keepAlive {
            unsafe try Self.set(ZMQ_TCP_KEEPALIVE, true, "keepAlive", on: socket)
            unsafe try Self.set(ZMQ_TCP_KEEPALIVE_IDLE, seconds: keepAlive.idle, "keepAlive.idle", on: socket)
            unsafe try Self.set(ZMQ_TCP_KEEPALIVE_INTVL, seconds: keepAlive.interval, "keepAlive.interval", on: socket)
            unsafe try Self.set(ZMQ_TCP_KEEPALIVE_CNT, keepAlive.probes, in: 1...127, "keepAlive.probes", on: socket)
        }
    }

    /// Sets how long a socket lingers: no less than it must, no more than libzmq can count (24 days).
    static func setLinger(_ linger: Duration, on socket: UnsafeMutableRawPointer) {
        let nanoseconds = max(linger, Self.minimumLinger).saturatedNanoseconds
        var milliseconds = CInt(clamping: nanoseconds / 1_000_000)
        // SAFETY: libzmq copies the value; any that is not negative is valid.
        _ = unsafe zmq_setsockopt(socket, ZMQ_LINGER, &milliseconds, MemoryLayout<CInt>.size)
    }

    /// Sets a duration that libzmq wants in milliseconds; a fraction counts as a whole one, so that what is not zero stays so.
    private static func set(
        _ option: CInt,
        milliseconds duration: Duration,
        atLeast minimum: Int = 0,
        _ name: String,
        on socket: UnsafeMutableRawPointer
    ) throws(ZeroMQError) {
        let (whole, rest) = duration.saturatedNanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
        unsafe try Self.set(option, Int(whole) + (rest > 0 ? 1 : 0), in: minimum...Int(CInt.max), name, on: socket)
    }

    private static func set(
        _ option: CInt,
        seconds duration: Duration,
        _ name: String,
        on socket: UnsafeMutableRawPointer
    ) throws(ZeroMQError) {
        let (whole, rest) = duration.saturatedNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        unsafe try Self.set(option, Int(whole) + (rest > 0 ? 1 : 0), in: 1...32_767, name, on: socket)
    }

    private static func set(_ option: CInt, _ flag: Bool, _ name: String, on socket: UnsafeMutableRawPointer) throws(ZeroMQError) {
        unsafe try Self.set(option, raw: CInt(flag ? 1 : 0), name, on: socket)
    }

    private static func set(
        _ option: CInt,
        _ value: Int,
        in range: ClosedRange<Int>,
        _ name: String,
        on socket: UnsafeMutableRawPointer
    ) throws(ZeroMQError) {
        guard range.contains(value) else { throw Self.invalid(name, value, range) }
        unsafe try Self.set(option, raw: CInt(value), name, on: socket)
    }

    private static func set<Value: FixedWidthInteger>(
        _ option: CInt,
        raw value: Value,
        _ name: String,
        on socket: UnsafeMutableRawPointer
    ) throws(ZeroMQError) {
        var value = value
        // SAFETY: libzmq copies as many bytes as it is told the value has.
        guard unsafe zmq_setsockopt(socket, option, &value, MemoryLayout<Value>.size) == 0 else {
            var error = ZeroMQError.last("set the option \(name) to \(value)")
            if error.code == .invalidEndpoint { error.code = .invalidOption }
            throw error
        }
    }

    private static func invalid(_ name: String, _ value: Int, _ range: ClosedRange<Int>) -> ZeroMQError {
        let most = range.upperBound == Int(CInt.max) ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        return ZeroMQError(.invalidOption, message: "the ZeroMQ option \(name) is \(value); it must be \(most)")
    }
}
