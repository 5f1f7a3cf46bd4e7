import Testing
import WherryCore
import WherryWire

@testable import WherryCLI

@Suite("The report of wherry status")
struct StatusReportTests {
    private static var twoBrokers: [BrokerAnswer] {
        var second = DoctorFactsSamples.broker
        second.endpoint = "tcp://broker-2.syd:7400"
        second.status?.workers[0].held = 2
        second.status?.workers[0].silence = .milliseconds(100)
        second.status?.queues[0].waiting = 4
        return [DoctorFactsSamples.broker, second]
    }

    @Test("A worker that serves two brokers is one worker, and its jobs are added up")
    func merged() throws {
        let report = StatusReport(brokers: Self.twoBrokers)
        let worker = try #require(report.workers.first)
        #expect(report.workers.count == 1)
        #expect(worker.brokers == 2)
        #expect(worker.held == 3)
        #expect(worker.capacity == 16)
        #expect(worker.silenceMilliseconds == 100)
        #expect(report.jobs.map(\.waiting) == [7, 0])
        #expect(report.jobs.map(\.version) == [1, 2])
        #expect(report.jobs.map(\.workers) == [1, 1])
        #expect(report.regions == [StatusReport.Region(name: "syd", brokers: 2, workers: 1)])
        #expect(report.isComplete)
    }

    @Test("Lag is in bytes, against what the primary has flushed")
    func lag() {
        var replica = DoctorFactsSamples.replica
        replica.replay?.replayed = LSN(rawValue: 0x4FFF_F000)
        let report = StatusReport(brokers: [], primary: DoctorFactsSamples.primary, local: replica)
        #expect(report.databases.map(\.lagBytes) == [nil, 4_096, 0])
        #expect(report.databases.map(\.name) == ["primary database", "local database", "replica lax"])
    }

    @Test("A replica that is ahead of what was asked a moment before is not behind")
    func ahead() {
        var replica = DoctorFactsSamples.replica
        replica.replay?.replayed = LSN(rawValue: 0x6000_0000)
        #expect(StatusReport(brokers: [], primary: DoctorFactsSamples.primary, local: replica).databases[1].lagBytes == 0)
    }

    @Test("Who did not answer is shown with the reason, and the report says that it is not complete")
    func incomplete() {
        let report = StatusReport(
            brokers: [DoctorFactsSamples.broker, BrokerAnswer(endpoint: "tcp://gone:7400", failure: "no connection within 3.00 s")],
            local: DatabaseFacts(part: .local, failure: "connection refused"))
        #expect(!report.isComplete)
        let text = report.lines(style: Style(isColoured: false)).joined(separator: "\n")
        #expect(text.contains("no connection within 3.00 s"))
        #expect(text.contains("connection refused"))
        #expect(text.contains("items.create"))
        #expect(text.contains("a1a1a1a1a1a1a1a1"))
    }

    @Test("JSON has the same, in snake case")
    func json() throws {
        let json = try StatusReport(brokers: Self.twoBrokers).json()
        for key in ["round_trip_milliseconds", "uptime_seconds", "waiting_bytes", "silence_milliseconds", "is_serving"] {
            #expect(json.contains("\"\(key)\""))
        }
    }
}
