import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Channel {
    /// Closes with RST instead of FIN: what is unsent is thrown away, and the other end's next call fails.
    func reset() {
        // Fails only on a socket that is closed already. On the channel's own loop it is done when this returns, so before the close.
        _ = (self as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        self.close(promise: nil)
    }
}
