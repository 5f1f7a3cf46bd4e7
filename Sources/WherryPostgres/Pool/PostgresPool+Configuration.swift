extension PostgresPool {
    /// How a pool makes its connections, and how many.
    package struct Configuration: Sendable {
        /// How each connection is made.
        package var connection: PostgresConfiguration
        /// The bounds.
        package var limits: Limits

        package init(_ connection: PostgresConfiguration, limits: Limits = Limits()) {
            self.connection = connection
            self.limits = limits
        }
    }

    /// The bounds of a pool.
    package struct Limits: Sendable, Hashable {
        /// The most connections at a time; default 10.
        package var maximumConnections = 10
        /// The most callers that may wait for one: more get ``PostgresError/Code/poolExhausted``; default 1,000.
        package var maximumWaiters = 1_000
        /// How long a caller without a deadline waits: then ``PostgresError/Code/acquireTimeout``; default 5 s.
        package var acquireTimeout: Duration = .seconds(5)
        /// How long a connection may be idle before it is closed; default 5 min.
        package var idleTimeout: Duration = .seconds(300)
        /// How long a connection is used at all, so that changes of addresses, certificates and settings get through; up to a tenth less, by
        /// chance; default 1 h.
        package var maximumLifetime: Duration = .seconds(3_600)
        /// How long an idle connection goes untested; default 30 s.
        package var healthCheckInterval: Duration = .seconds(30)
        /// How long a test or a reset may take before the connection is given up; default 5 s.
        package var healthCheckTimeout: Duration = .seconds(5)
        /// How long to wait after a first failure to connect; it doubles with each further one; default 100 ms.
        package var reconnectDelay: Duration = .milliseconds(100)
        /// The longest such wait; default 2 s.
        package var maximumReconnectDelay: Duration = .seconds(2)

        package init() {}
    }
}
