import WherryCore
import WherryMigrations
import WherryWire

@testable import WherryCLI

/// A set-up in which all is well, to be spoiled one fact at a time.
enum DoctorFactsSamples {
    static let epoch = Epoch(systemIdentifier: 7, timeline: 1, restoreCounter: 0, random: 42)
    static let now = 1_790_000_000.0
    static let day = 86_400.0

    static var primary: DatabaseFacts {
        var facts = DatabaseFacts(part: .primary)
        facts.version = 150_006
        facts.systemIdentifier = 7
        facts.timeline = 1
        facts.flushed = LSN(rawValue: 0x5000_0000)
        facts.settings = [
            "synchronous_commit": "on", "synchronous_standby_names": "", "commit_delay": "0", "fsync": "on", "full_page_writes": "on",
            "statement_timeout": "0", "idle_session_timeout": "0", "default_transaction_read_only": "off", "max_slot_wal_keep_size": "1024",
        ]
        facts.schema = .versions(applied: Migration.all.map(\.version))
        facts.epoch = .some(epoch)
        facts.standbys = [DatabaseFacts.Standby(name: "lax", state: "streaming", lag: 0)]
        facts.slots = [DatabaseFacts.Slot(name: "wherry_lax", isActive: true, state: "reserved", kept: 1_000)]
        facts.privileges = DatabaseFacts.Privileges(
            role: "worker", isSuperuser: false, ownsReceipts: false, held: GrantedPrivileges(for: .worker, name: "worker").byObject)
        facts.retention = DatabaseFacts.Retention(
            retention: 7 * day, acceptanceAge: day, maximumDeadline: 3_600, clockSkew: 60, period: day, periodsAhead: 7)
        facts.partitions = DatabaseFacts.Partitions(count: 9, from: now - 1.5 * day, to: now + 7.5 * day)
        facts.route = DatabaseFacts.Route(announced: 100, answered: [100], servers: ["10.0.0.1:5432 since yesterday"])
        facts.clock = DatabaseFacts.Clock(now: now, offset: 0.004, uncertainty: 0.01)
        return facts
    }

    static var replica: DatabaseFacts {
        var facts = Self.primary
        facts.part = .local
        facts.variable = "DATABASE_URL"
        facts.isStandby = true
        facts.timeline = nil
        facts.flushed = nil
        facts.standbys = []
        facts.slots = []
        facts.replay = DatabaseFacts.Replay(replayed: LSN(rawValue: 0x5000_0000), isReceiving: true, pauseState: "not paused")
        facts.privileges = DatabaseFacts.Privileges(
            role: "app", isSuperuser: false, ownsReceipts: false, held: GrantedPrivileges(for: .app, name: "app").byObject)
        return facts
    }

    static var broker: BrokerAnswer {
        let primary = PrimaryStatus(epoch: epoch, unixMilliseconds: 1_790_000_000_000)
        let offers = [Offer(name: "items.create", version: 1), Offer(name: "items.create", version: 2)]
        let incarnation = [UInt8](repeating: 0xB0, count: 16)
        var status = BrokerStatus(
            number: 1, incarnation: incarnation, region: "syd", uptime: .seconds(3_600), primary: primary, clients: 2, workerCount: 1,
            waiting: 3, waitingBytes: 3_000, dispatched: 1, heldBytes: 4_000)
        status.queues = [
            BrokerStatus.Queue(job: offers[0], workers: 1, waiting: 3, waitingBytes: 3_000, dispatched: 1),
            BrokerStatus.Queue(job: offers[1], workers: 1),
        ]
        status.workers = [
            BrokerStatus.Worker(
                incarnation: [UInt8](repeating: 0xA1, count: 16), region: "syd", capacity: 16, held: 1, offers: 2, primary: primary,
                silence: .milliseconds(400), isServing: true)
        ]
        return BrokerAnswer(
            endpoint: "tcp://broker.syd:7400", roundTrip: .milliseconds(150),
            welcome: Welcome(
                incarnation: incarnation, region: "syd", disowned: [], offers: offers, primary: primary, heartbeatInterval: .seconds(1),
                maximumPayloadSize: 1 << 23),
            status: status)
    }

    static var all: DoctorFacts {
        DoctorFacts(primary: Self.primary, local: Self.replica, brokers: [Self.broker])
    }
}
