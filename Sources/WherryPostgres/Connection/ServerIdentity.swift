/// Which server a connection goes to (correctness.md, rule 9): it differs for another server, and for the same one after a restart.
package struct ServerIdentity: Hashable, Sendable {
    /// The cluster's system identifier; `nil` if the role may not read it.
    package var systemIdentifier: UInt64?
    /// The address that the server sees itself reached by.
    package var address: String
    /// When the server was started, in microseconds since 1970.
    package var startTime: Int64

    package init(systemIdentifier: UInt64?, address: String, startTime: Int64) {
        self.systemIdentifier = systemIdentifier
        self.address = address
        self.startTime = startTime
    }

    /// Not in one segment: a role that may not read the one still learns the other.
    static let question = Flight([
        [
            """
            SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint,
                   coalesce(host(inet_server_addr()), 'local') || ':' || current_setting('port')
            """
        ],
        ["SELECT system_identifier FROM pg_control_system()"],
    ])

    init(answers: [[StatementOutcome]]) throws(PostgresError) {
        guard let row = answers[0][0].result?.rows.first else {
            throw answers[0][0].error ?? PostgresError(.unexpectedShape, "the server did not say who it is")
        }
        (self.startTime, self.address) = try row.decode(as: (Int64, String).self)
        self.systemIdentifier = try answers[1][0].result?.rows.scalar(as: Int64.self).magnitudeBits
    }
}

extension Int64 {
    /// PostgreSQL has no unsigned integers: the identifier's 64 bits come as a `bigint`.
    fileprivate var magnitudeBits: UInt64 { UInt64(bitPattern: self) }
}
