#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ports on the loopback that nobody listens on.
package enum FreePort {
    /// Ports to choose from: above the well-known ones and below Linux's ephemeral range (32768 and up).
    ///
    /// Not port 0: a port of the ephemeral range can be given to any outgoing connection while its server is down, and a client that
    /// keeps trying to reach the dead server can even connect to itself there.
    static let range = 10_000...32_000
    static let attempts = 200

    /// A port that could be bound just now. Somebody else may take it before the server does: then choose again.
    package static func choose() throws(ClusterError) -> Int {
        for _ in 0..<Self.attempts {
            let port = Int.random(in: Self.range)
            if Self.isFree(port) { return port }
        }
        throw ClusterError(
            .portTaken,
            "none of \(Self.attempts) ports between \(Self.range.lowerBound) and \(Self.range.upperBound) was free"
        )
    }

    static func isFree(_ port: Int) -> Bool {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var yes: CInt = 1
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        // SAFETY: the pointers live for the calls, and `sockaddr_in` is what AF_INET wants to see behind a `sockaddr`.
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                // As PostgreSQL does it: connections in TIME_WAIT do not count.
                setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size)) == 0
                    && bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
