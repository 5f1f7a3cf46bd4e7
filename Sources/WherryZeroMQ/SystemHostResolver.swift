package import WherryCore
package import WherryEventLoop

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The operating system's look-up: `getaddrinfo`, which blocks, on a thread of its own.
package struct SystemHostResolver: HostResolver {
    package init() {}

    package func resolve(_ host: String, on loop: EventLoop, _ answer: @escaping @Sendable (BrokerDirectory.Answer) -> Void) {
        DedicatedThread.detach(name: "wherry-resolve") {
            let found = Self.lookUp(host)
            loop.execute { answer(found) }
        }
    }

    /// All IPv4 and IPv6 addresses of a name that this machine has routes for. Blocks.
    static func lookUp(_ host: String) -> BrokerDirectory.Answer {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        // One entry an address, not one for each kind of socket as well.
        #if canImport(Glibc)
            unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        #else
            unsafe hints.ai_socktype = SOCK_STREAM
        #endif
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        // SAFETY: all pointers live as long as the call; the list is freed below.
        let result = unsafe getaddrinfo(host, nil, &hints, &list)
        guard result == 0 else { return .failed(unsafe String(cString: gai_strerror(result))) }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [String] = []
        var next = unsafe list
        while let entry = unsafe next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            // SAFETY: the entry is part of the list, and the text has as many bytes as it is said to have.
            let named = unsafe getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            if named == 0 {
                let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                if !addresses.contains(address) { addresses.append(address) }
            }
            unsafe next = unsafe entry.pointee.ai_next
        }
        return .addresses(addresses)
    }
}
