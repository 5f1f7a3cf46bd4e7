internal import WherryWire

extension BrokerConfiguration {
    /// Throws what is wrong with it, and what would be right.
    func validate() throws(BrokerError) {
        let wire = WireLimits()
        try self.require(!self.binds.isEmpty, "binds is empty: name at least one endpoint, for example tcp://*:7400")
        try self.require(
            (1...wire.maximumRegionLength).contains(self.region.utf8.count),
            "region must have 1 to \(wire.maximumRegionLength) UTF-8 bytes"
        )
        try self.require(
            (1...wire.maximumScopeLength).contains(self.scope.utf8.count), "scope must have 1 to \(wire.maximumScopeLength) UTF-8 bytes")
        try self.require(
            (.milliseconds(10)...(.seconds(3_600))).contains(self.heartbeatInterval),
            "heartbeatInterval is \(self.heartbeatInterval); it must be 10 ms to 1 h"
        )
        // A gap of half the liveness counts as a freeze, so it must be longer than an interval.
        try self.require(
            (3...1_000).contains(self.livenessIntervals), "livenessIntervals is \(self.livenessIntervals); it must be 3 to 1000")
        try self.require(self.drainTimeout >= .zero, "drainTimeout must not be negative")
        try self.require(self.overdueGrace >= .zero, "overdueGrace must not be negative")
        try self.require((.zero...(.seconds(3_600))).contains(self.retryAfter), "retryAfter is \(self.retryAfter); it must be 0 to 1 h")
        try self.validateLimits(wire)
    }

    private func validateLimits(_ wire: WireLimits) throws(BrokerError) {
        let limits = self.limits
        let counts = [
            ("queuedJobs", limits.queuedJobs), ("queuedBytes", limits.queuedBytes), ("queuedJobsPerClient", limits.queuedJobsPerClient),
            ("queuedBytesPerClient", limits.queuedBytesPerClient), ("heldBytes", limits.heldBytes), ("peers", limits.peers),
            ("questionsPerWorker", limits.questionsPerWorker), ("questions", limits.questions),
            ("questionsPerClient", limits.questionsPerClient), ("clientsPerJob", limits.clientsPerJob),
        ]
        for (name, count) in counts { try self.require(count >= 1, "limits.\(name) is \(count); it must be at least 1") }
        try self.require(
            (1...wire.maximumCapacity).contains(limits.jobsPerWorker),
            "limits.jobsPerWorker is \(limits.jobsPerWorker); it must be 1 to \(wire.maximumCapacity)"
        )
        // Clients and workers take no larger payload either.
        try self.require(
            (1...wire.maximumPayloadSize).contains(limits.payloadBytes),
            "limits.payloadBytes is \(limits.payloadBytes); it must be 1 to \(wire.maximumPayloadSize)"
        )
    }

    private func require(_ isRight: Bool, _ message: String) throws(BrokerError) {
        if !isRight { throw BrokerError(.invalidConfiguration, message) }
    }
}
