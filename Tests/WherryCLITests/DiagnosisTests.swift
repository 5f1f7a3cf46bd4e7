import Testing
import WherryCore
import WherryWire
import WherryZeroMQ

@testable import WherryCLI

@Suite("What the doctor makes of what was collected")
struct DiagnosisTests {
    /// One fact spoiled, and what is to be said of it.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var severity: Finding.Severity
        var topic: Finding.Topic
        /// Must be in what was seen, or in the advice.
        var words: String
        var spoil: @Sendable (inout DoctorFacts) -> Void

        init(
            _ description: String, _ severity: Finding.Severity, _ topic: Finding.Topic, _ words: String,
            _ spoil: @escaping @Sendable (inout DoctorFacts) -> Void
        ) {
            self.testDescription = description
            self.severity = severity
            self.topic = topic
            self.words = words
            self.spoil = spoil
        }
    }

    @Test("Of a set-up in which all is well it has nothing to say but that, on every topic")
    func healthy() {
        let findings = Diagnosis(DoctorFactsSamples.all).findings
        #expect(findings.filter { $0.severity != .ok } == [])
        #expect(Set(findings.map(\.topic)) == Set(Finding.Topic.allCases))
        #expect(DoctorReport(findings).problems == 0)
    }

    @Test("Each thing that is wrong is told, with what to do, and nothing else is", arguments: Self.cases)
    func wrong(_ spoiled: Case) throws {
        var facts = DoctorFactsSamples.all
        spoiled.spoil(&facts)
        let findings = Diagnosis(facts).findings.filter { $0.severity != .ok }
        let told = try #require(findings.first { $0.topic == spoiled.topic })
        #expect(told.severity == spoiled.severity)
        #expect("\(told.seen) → \(told.advice ?? "")".contains(spoiled.words))
        #expect(told.advice != nil)
        #expect(findings.allSatisfy { $0.topic == spoiled.topic }, "\(findings)")
    }

    static let cases: [Case] =
        Self.serverCases + Self.replicationCases + Self.settingCases + Self.brokerCases

    private static let serverCases = [
        Case("an old libpq", .problem, .versions, "libpq 13.9") { $0.libpq = 130_009 },
        Case("an old libzmq", .problem, .versions, "libzmq 4.1.0") { $0.zeroMQ = ZeroMQVersion(major: 4, minor: 1, patch: 0) },
        Case("an old server", .problem, .versions, "PostgreSQL 13.2") {
            $0.primary?.version = 130_002
            $0.local?.version = 130_002
        },
        Case("different major versions", .problem, .versions, "different major versions") { $0.local?.version = 160_001 },
        Case("a missing migration", .problem, .schema, "wherry migrate up") {
            $0.primary?.schema = .versions(applied: [])
        },
        Case("a newer schema", .problem, .schema, "schema version 999") { $0.primary?.schema = .versions(applied: [999]) },
        Case("another cluster", .problem, .roles, "system identifiers") { $0.local?.systemIdentifier = 8 },
        Case("a failed connection", .problem, .connection, "connection refused") {
            $0.local = DatabaseFacts(part: .local, failure: "connection refused")
        },
    ]

    private static let replicationCases = [
        Case("a replica that catches up", .warning, .replication, "catchup") { $0.primary?.standbys[0].state = "catchup" },
        Case("a replica that lags", .warning, .replication, "95.4 MiB behind") { $0.primary?.standbys[0].lag = 100_000_000 },
        Case("a replica that lags far", .problem, .replication, "behind") { $0.primary?.standbys[0].lag = 1 << 31 },
        Case("a role that may not see replication", .warning, .replication, "pg_monitor") { $0.primary?.standbys[0].state = nil },
        Case("nobody replicates", .problem, .replication, "nobody replicates") { $0.primary?.standbys = [] },
        Case("no WAL receiver", .problem, .replication, "receives nothing") { $0.local?.replay?.isReceiving = false },
        Case("paused replay", .problem, .replication, "pg_wal_replay_resume") { $0.local?.replay?.pauseState = "paused" },
        Case("the local replica lags", .warning, .replication, "behind the primary") {
            $0.local?.replay?.replayed = LSN(rawValue: 0x4000_0000)
        },
        Case("a lost slot", .problem, .slots, "make it anew") { $0.primary?.slots[0].state = "lost" },
        Case("a slot about to be lost", .warning, .slots, "before it is lost") { $0.primary?.slots[0].state = "unreserved" },
        Case("a slot that nobody uses", .warning, .slots, "pg_drop_replication_slot('wherry_lax')") {
            $0.primary?.slots[0].isActive = false
        },
        Case("slots without a bound", .warning, .slots, "max_slot_wal_keep_size") {
            $0.primary?.settings["max_slot_wal_keep_size"] = "-1"
        },
        Case("no epoch", .warning, .epoch, "start a worker") {
            $0.primary?.epoch = .some(nil)
            $0.local?.epoch = .some(nil)
        },
        Case("a promotion that no worker has seen", .warning, .epoch, "timeline 2") { $0.primary?.timeline = 2 },
        Case("a replica of an older epoch", .warning, .epoch, "older epoch") { $0.local?.epoch??.timeline = 0 },
        Case("a primary that was failed over from", .problem, .epoch, "newer epoch") { $0.local?.epoch??.timeline = 2 },
        Case("a fork", .problem, .epoch, "different histories") { $0.local?.epoch??.random = 43 },
    ]

    private static let settingCases = [
        Case("a missing privilege", .problem, .privileges, "lacks INSERT on receipts") {
            $0.primary?.privileges?.held["receipts"]?.remove("INSERT")
        },
        Case("no access to the schema", .problem, .privileges, "lacks USAGE on wherry") {
            $0.local?.privileges?.held["wherry"] = nil
        },
        Case("a role that may delete receipts", .warning, .privileges, "DELETE on receipts") {
            $0.primary?.privileges?.held["receipts"]?.insert("DELETE")
        },
        Case("a superuser", .warning, .privileges, "GRANT SELECT, INSERT") { $0.primary?.privileges?.isSuperuser = true },
        Case("the owner", .warning, .privileges, "owns the schema") { $0.primary?.privileges?.ownsReceipts = true },
        Case("commits that are not flushed", .warning, .commits, "synchronous_commit is off") {
            $0.primary?.settings["synchronous_commit"] = "off"
        },
        Case("commits that wait for replay", .warning, .commits, "farthest") {
            $0.primary?.settings["synchronous_commit"] = "remote_apply"
        },
        Case("synchronous standbys", .warning, .commits, "gru") { $0.primary?.settings["synchronous_standby_names"] = "gru" },
        Case("a commit delay", .warning, .commits, "5.00 ms") { $0.primary?.settings["commit_delay"] = "5000" },
        Case("no fsync", .warning, .commits, "fsync is off") { $0.primary?.settings["fsync"] = "off" },
        Case("a short statement timeout", .warning, .timeouts, "5.00 s") { $0.primary?.settings["statement_timeout"] = "5000" },
        Case("a session timeout", .warning, .timeouts, "idle_session_timeout") {
            $0.primary?.settings["idle_session_timeout"] = "60000"
        },
        Case("a read-only role", .problem, .timeouts, "cannot write") {
            $0.primary?.settings["default_transaction_read_only"] = "on"
        },
        Case("a transaction pooler", .problem, .poolers, "another backend") { $0.primary?.route?.answered = [100, 101] },
        Case("a session pooler", .warning, .poolers, "PgBouncer") { $0.primary?.route?.announced = 7 },
        Case("a balancer", .problem, .poolers, "different servers") { $0.local?.route?.servers.insert("10.0.0.2:5432") },
        Case("no partition for today", .problem, .partitions, "no job can commit") {
            $0.primary?.partitions?.to = DoctorFactsSamples.now - 1
        },
        Case("the last partition", .problem, .partitions, "wherry upkeep") {
            $0.primary?.partitions?.to = DoctorFactsSamples.now + 3_600
        },
        Case("few partitions", .warning, .partitions, "2.0 days ahead") {
            $0.primary?.partitions?.to = DoctorFactsSamples.now + 2.01 * DoctorFactsSamples.day
        },
        Case("old partitions", .warning, .partitions, "30.0 days ago") {
            $0.primary?.partitions?.from = DoctorFactsSamples.now - 30 * DoctorFactsSamples.day
        },
        Case("a half-detached partition", .warning, .partitions, "receipts_1") { $0.primary?.partitions?.pendingDetach = ["receipts_1"] },
        Case("retention that is too short", .problem, .retention, "UPDATE wherry.settings") {
            $0.primary?.retention?.retention = 3_600
        },
        Case("a clock that is off", .warning, .clock, "2.00 s behind") { $0.primary?.clock?.offset = -2 },
        Case("a clock that is wrong", .problem, .clock, "NTP") { $0.local?.clock?.offset = 90 },
    ]

    private static let brokerCases = [
        Case("a broker that does not answer", .problem, .brokers, "no connection") {
            $0.brokers.append(BrokerAnswer(endpoint: "tcp://gone:7400", failure: "no connection within 3.00 s"))
        },
        Case("an older broker", .warning, .brokers, "older Wherry") {
            $0.brokers[0].status = nil
            $0.brokers[0].failure = "it is of an older Wherry"
        },
        Case("a broker that leaves", .warning, .brokers, "shuts down") { $0.brokers[0].status?.isDraining = true },
        Case("workers that get nothing", .warning, .brokers, "given nothing") { $0.brokers[0].status?.workers[0].isServing = false },
        Case("workers of another database", .problem, .brokers, "another history") {
            $0.brokers[0].welcome?.primary?.epoch.systemIdentifier = 99
        },
        Case("no worker", .warning, .jobs, "start a worker") { $0.brokers[0].welcome?.offers = [] },
        Case("a worker that misses a broker", .warning, .jobs, "every worker") {
            var second = DoctorFactsSamples.broker
            second.endpoint = "tcp://broker-2.syd:7400"
            second.welcome?.offers.removeLast()
            $0.brokers.append(second)
        },
    ]

    @Test("What cannot be seen by the role is left out, not guessed")
    func unknown() {
        var facts = DoctorFactsSamples.all
        facts.local = nil
        facts.brokers = []
        facts.primary?.schema = .hidden
        facts.primary?.epoch = nil
        facts.primary?.retention = nil
        facts.primary?.route = nil
        facts.primary?.settings = [:]
        #expect(Diagnosis(facts).findings.filter { $0.severity != .ok } == [])
    }

    @Test("A single database that turns out to be a primary is looked at as one")
    func single() {
        var database = DoctorFactsSamples.primary
        database.part = .local
        database.variable = "DATABASE_URL"
        let facts = DoctorFacts(local: database).withLocalPrimary()
        #expect(facts.primary?.variable == "DATABASE_URL")
        #expect(facts.local == nil)
        #expect(DoctorFacts(local: DoctorFactsSamples.replica).withLocalPrimary().primary == nil)
    }

    @Test("A role can be judged as another one's")
    func role() {
        let facts = DoctorFacts(primary: DoctorFactsSamples.primary)
        #expect(Diagnosis(facts, role: .app).findings.contains { $0.topic == .privileges && $0.severity == .warning })
    }

    @Test("The report counts, and puts the advice below what was seen")
    func report() throws {
        var facts = DoctorFactsSamples.all
        facts.primary?.settings["fsync"] = "off"
        facts.local?.replay?.isReceiving = false
        let report = DoctorReport(Diagnosis(facts).findings)
        #expect(report.problems == 1)
        #expect(report.warnings == 1)
        let lines = report.lines(style: Style(isColoured: false))
        #expect(lines.last == "1 problem, 1 warning.")
        let index = try #require(lines.firstIndex { $0.hasPrefix("problem") })
        #expect(lines[index + 1].contains("→ look at its log"))
        #expect(try report.json().contains("\"severity\" : \"problem\""))
    }
}
