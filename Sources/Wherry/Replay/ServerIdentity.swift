/// Which server a connection leads to (correctness.md, rule 9). Asked on every new connection: a pool, DNS or a balancer may hand out another.
package struct ServerIdentity: Hashable, Sendable {
    package var systemIdentifier: UInt64
    /// `inet_server_addr():inet_server_port()`, or the socket's name.
    package var address: String
    /// `pg_postmaster_start_time()` in microseconds since 1970: the same server started anew may stand further back.
    package var startTime: Int64

    package init(systemIdentifier: UInt64, address: String, startTime: Int64) {
        self.systemIdentifier = systemIdentifier
        self.address = address
        self.startTime = startTime
    }
}
