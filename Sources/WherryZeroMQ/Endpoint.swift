internal import CLibZMQ

/// What libzmq does not do for endpoints.
enum Endpoint {
    /// Refuses a TCP port that does not exist: libzmq would take 99999 for 34463.
    static func check(_ endpoint: String) throws(ZeroMQError) {
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return }
        let port = endpoint[colon...].dropFirst()
        guard port == "*" || UInt16(port) != nil else {
            throw ZeroMQError(.invalidEndpoint, endpoint: endpoint, message: "\(endpoint) has no port from 0 to 65535 at its end")
        }
    }

    /// What a socket was last bound to, wildcards resolved.
    static func last(of socket: UnsafeMutableRawPointer) throws(ZeroMQError) -> String {
        var bytes = [UInt8](repeating: 0, count: 1_024)
        var length = bytes.count
        // SAFETY: libzmq writes at most `length` bytes, and says how many, with the zero at the end.
        let result = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, buffer.baseAddress, &length)
        }
        guard result == 0 else { throw .last("read the bound endpoint") }
        return String(decoding: bytes.prefix(while: { $0 != 0 }), as: UTF8.self)
    }
}
