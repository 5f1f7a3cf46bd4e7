import WherryZeroMQ

/// All that the doctor looks at. Collected first, judged afterwards.
struct DoctorFacts: Hashable, Sendable {
    /// Of libpq, as `PQlibVersion` numbers it.
    var libpq: Int
    var zeroMQ: ZeroMQVersion
    /// The database that jobs are written to, if it was given.
    var primary: DatabaseFacts?
    /// The database that the application reads from, if another one was given.
    var local: DatabaseFacts?
    var brokers: [BrokerAnswer]

    init(
        libpq: Int = 150_000, zeroMQ: ZeroMQVersion = ZeroMQVersion(major: 4, minor: 3, patch: 4), primary: DatabaseFacts? = nil,
        local: DatabaseFacts? = nil, brokers: [BrokerAnswer] = []
    ) {
        self.libpq = libpq
        self.zeroMQ = zeroMQ
        self.primary = primary
        self.local = local
        self.brokers = brokers
    }

    /// The databases that could be looked into.
    var databases: [DatabaseFacts] {
        [self.primary, self.local].compactMap(\.self).filter(\.isUsable)
    }

    /// The same, where the only database that was given turns out to be the primary itself.
    func withLocalPrimary() -> DoctorFacts {
        guard self.primary == nil, var database = self.local, database.isUsable, !database.isStandby else { return self }
        database.part = .primary
        var facts = self
        facts.primary = database
        facts.local = nil
        return facts
    }
}
