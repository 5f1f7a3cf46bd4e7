import FaultJobs
import Foundation
import Testing
import Wherry
import WherryTestKit

@Suite("Drain and deploys: nothing fails, whatever is restarted in whatever order", .timeLimit(.minutes(3)))
struct DeployTests {
    @Test func `SIGTERM: a worker takes nothing new, finishes what runs, and exits 0`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker()
            let worker = try await field.startWorker()
            try await field.withClient { client in
                async let value = client.call(Act(item: 1, .hold, seconds: 2), deadline: .seconds(60))
                try await worker.says("holding 1")
                worker.terminate()
                try await worker.says("draining with 1")
                async let late = client.call(Act(item: 2), deadline: .seconds(60))
                #expect(try await value == 1)
                #expect(try await worker.ends() == 0)
                #expect(worker.lines == ["began 1", "holding 1", "draining with 1", "ended"])
                _ = try await field.startWorker()
                #expect(try await late == 2)
            }
        }
    }

    @Test func `what does not finish within the limit is handed back, and done elsewhere`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker()
            let worker = try await field.startWorker(environment: ["WHERRY_DRAIN_SECONDS": "0.5"])
            try await field.withClient { client in
                async let value = client.call(Act(item: 1, .hold, seconds: 4), deadline: .seconds(60))
                try await worker.says("holding 1")
                let other = try await field.startWorker()
                worker.terminate()
                #expect(try await worker.ends(within: .seconds(3)) == 0)
                #expect(try await value == 1)
                #expect(other.lines.contains("holding 1"))
                #expect(try await client.counts() == [1, 1])
            }
        }
    }

    @Test func `a second SIGTERM hurries: worker and broker exit 0 at once, and nothing is lost`() async throws {
        try await FaultField.run { field in
            let broker = try await field.startBroker()
            let worker = try await field.startWorker()
            try await field.withClient { client in
                async let value = client.call(Act(item: 1, .hold, seconds: 8), deadline: .seconds(60))
                try await worker.says("holding 1")
                worker.terminate()
                broker.terminate()
                try await worker.says("draining with 1")
                try await Task.sleep(for: .milliseconds(500))
                #expect(!worker.hasEnded && !broker.hasEnded, "both wait for the job")
                worker.terminate()
                #expect(try await worker.ends(within: .seconds(3)) == 0)
                broker.terminate()
                #expect(try await broker.ends(within: .seconds(3)) == 0)
                _ = try await field.startBroker()
                let next = try await field.startWorker()
                #expect(try await value == 1)
                #expect(next.lines.contains("holding 1"))
                #expect(try await client.counts() == [1, 1])
            }
        }
    }

    @Test func `workers and brokers restart one after another under load: no call fails`() async throws {
        try await FaultField.run { field in
            let brokers = try await [0, 1].asyncMap { try await field.startBroker($0) }
            let workers = try await (0..<2).asyncMap { _ in try await field.startWorker(brokers: [0, 1]) }
            try await field.withClient(brokers: [0, 1]) { client in
                try await client.insert(0..<1_500, lanes: 16) {
                    for old in workers {
                        _ = try await field.startWorker(brokers: [0, 1])
                        old.terminate()
                        #expect(try await old.ends() == 0)
                    }
                    for (number, old) in brokers.enumerated() {
                        old.terminate()
                        #expect(try await old.ends() == 0)
                        _ = try await field.startBroker(number)
                        try await Task.sleep(for: .seconds(1))
                    }
                }
                #expect(try await client.counts() == [1_500, 1_500])
            }
        }
    }

    @Test func `an app that is newer than the workers waits for those that have its job`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker(0)
            let old = try await field.startWorker()
            try await field.withClient { client in
                _ = try await client.call(Act(item: 0))
                async let value = client.call(NewAct(item: 1), deadline: .seconds(60))
                let hopeless = try await jobError { _ = try await client.call(NewAct(item: 2), deadline: .seconds(2)) }
                #expect(hopeless.code == .unknownJob)
                #expect(hopeless.message.contains("faults.act"), "the nearest known name: \(hopeless)")
                let new = try await field.startWorker(environment: ["FAULT_WORKER_NEW": "1"])
                #expect(try await value == 1)
                #expect(try await client.call(NewAct(item: 3)) == 3)

                // Both versions side by side, then the old ones go.
                for item in 10..<20 { _ = try await client.call(Act(item: item)) }
                old.terminate()
                #expect(try await old.ends() == 0)
                _ = try await client.call(NewAct(item: 30))
                _ = try await client.call(Act(item: 31))
                #expect(new.lines.contains("began 31"))
            }
        }
    }

    private struct StartStopReport: Decodable {
        struct Holdings: Decodable {
            var descriptors: Int
            var threads: Int
            var kibibytes: Int
        }

        var rounds: Int
        var calls: Int
        var before: Holdings
        var after: Holdings
    }

    @Test func `five hundred times, in any order: nothing is left behind`() async throws {
        try await FaultField.run { field in
            let run = try await Program(
                name: "StartStop", arguments: ["500", "\(UInt64.random(in: 0..<1_000_000))"],
                environment: ["DATABASE_URL": field.primary.url]
            ).run()
            #expect(run.status == 0, "\(run.errors)")
            let report = try JSONDecoder().decode(StartStopReport.self, from: Data(run.output.utf8))
            #expect(report.rounds == 500)
            #expect(report.calls > 300)
            #expect(report.after.descriptors <= report.before.descriptors, "\(report)")
            #expect(report.after.threads <= report.before.threads + 2, "threads of the pool come and go: \(report)")
            #expect(report.after.kibibytes < report.before.kibibytes + 16 * 1_024, "\(report)")
            let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            try await eventually("no connection is left", read: { try await field.atPrimary(sessions) }, until: { $0.hasSuffix("0") })
        }
    }

    @Test func `in any order of start`() async throws {
        try await FaultField.run { field in
            try await field.withClient(brokers: [0, 1]) { client in
                async let value = client.call(Act(item: 1), deadline: .seconds(60))
                _ = try await field.startWorker(brokers: [0, 1])
                try await Task.sleep(for: .milliseconds(700))
                _ = try await field.startBroker(1)
                #expect(try await value == 1)
            }
        }
    }
}
