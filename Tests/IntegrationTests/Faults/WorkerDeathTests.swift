import FaultJobs
import Foundation
import Testing
import Wherry
import WherryTestKit

@Suite("Workers die, freeze and starve, and every job is done once", .timeLimit(.minutes(3)))
struct WorkerDeathTests {
    @Test func `killed in the middle of a job: another worker does it`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker()
            let first = try await field.startWorker()
            try await field.withClient { client in
                async let value = client.call(Act(item: 1, .hold, seconds: 2), deadline: .seconds(60))
                try await first.says("holding 1")
                let second = try await field.startWorker()
                first.kill()
                #expect(try await value == 1)
                #expect(second.lines.contains("holding 1"))
                #expect(try await client.count(of: 1) == 1)
            }
        }
    }

    @Test func `frozen in the middle of a job, it cannot commit it a second time when it wakes`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker()
            let first = try await field.startWorker()
            try await field.withClient { client in
                async let value = client.call(Act(item: 1, .hold, seconds: 1), deadline: .seconds(60))
                try await first.says("holding 1")
                first.freeze()
                let second = try await field.startWorker()
                #expect(try await value == 1)
                #expect(second.lines.contains("holding 1"))
                first.thaw()
                // It comes back, and works again.
                second.terminate()
                #expect(try await second.ends() == 0)
                #expect(try await client.call(Act(item: 2), deadline: .seconds(60)) == 2)
                #expect(first.lines.contains("began 2"))
                #expect(try await client.counts() == [2, 2])
            }
        }
    }

    @Test func `frozen with jobs that wait, it does not run what is long overdue when it wakes`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker()
            let worker = try await field.startWorker(environment: ["WHERRY_CONCURRENCY": "1"])
            try await field.withClient { client in
                let running = try await client.submit(Act(item: 1, .hold, seconds: 2), deadline: .seconds(60))
                try await worker.says("holding 1")
                let waiting = try await client.submit(Act(item: 2), deadline: .seconds(2))
                worker.freeze()
                // A fence needs a worker too, so for the moment nobody knows.
                let error = try await jobError { _ = try await waiting.value }
                #expect(error.code == .undecided)
                worker.thaw()
                #expect(try await running.value == 1)
                #expect(try await client.call(Act(item: 3), deadline: .seconds(60)) == 3)
                #expect(!worker.lines.contains("began 2"))
                #expect(try await client.outcome(of: waiting.id)?.isCommitted != true)
                #expect(try await client.count(of: 2) == 0)
            }
        }
    }

    @Test func `a job that kills its workers is fenced as poisoned, with its history; others go on`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker()
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Somebody restarts what dies, as anywhere.
                group.addTask {
                    while !Task.isCancelled {
                        let worker = try await field.startWorker()
                        while !worker.hasEnded, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
                    }
                }
                try await field.withClient { client in
                    let error = try await jobError { _ = try await client.call(Act(item: 1, .die), deadline: .seconds(120)) }
                    #expect(error.code == .poisoned)
                    #expect(error.message.contains("5"), "it says how many: \(error)")
                    let id = try #require(error.jobID)
                    let attempts = try await client.read { db in
                        try await db.scalar("SELECT attempts FROM wherry.receipts WHERE id = \(id)", as: Int.self)
                    }
                    #expect(attempts == 5)
                    #expect(try await client.call(Act(item: 2), deadline: .seconds(60)) == 2)
                    #expect(try await client.count(of: 1) == 0)
                }
                group.cancelAll()
            }
        }
    }

    @Test func `handlers that block all threads cost their own jobs; the worker falls silent, and others do its work`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker()
            let stuck = try await field.startWorker()
            try await field.withClient { client in
                _ = try await client.call(Act(item: 0), deadline: .seconds(60))
                let blocking = try await (1...2 * ProcessInfo.processInfo.activeProcessorCount).asyncMap { item in
                    try await client.submit(Act(item: item, .block, seconds: 120), deadline: .seconds(8))
                }
                try await eventually("a handler blocks") { stuck.lines.contains { $0.hasPrefix("blocking") } }
                _ = try await field.startWorker()
                for handle in blocking {
                    let error = try await jobError { _ = try await handle.value }
                    #expect(error.code == .expired, "a fence by the other worker: \(error)")
                }
                // Whatever the stuck one still takes, it loses when it falls silent.
                for item in 100..<120 { #expect(try await client.call(Act(item: item), deadline: .seconds(60)) == item) }
                #expect(try await client.counts() == [21, 21])
            }
        }
    }

    @Test func `one handler that blocks holds up neither its worker's other jobs nor its end`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker()
            let worker = try await field.startWorker(environment: ["WHERRY_DRAIN_SECONDS": "1"])
            try await field.withClient { client in
                let blocking = try await client.submit(Act(item: 1, .block, seconds: 20), deadline: .seconds(2))
                try await worker.says("blocking 1")
                #expect(try await client.call(Act(item: 2)) == 2)
                let error = try await jobError { _ = try await blocking.value }
                #expect(error.code == .expired)
                worker.terminate()
                #expect(try await worker.ends(within: .seconds(8)) == 0)
                #expect(try await client.counts() == [1, 1])
            }
        }
    }

    @Test func `its backend terminated under it, a job runs again`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker()
            let worker = try await field.startWorker()
            try await field.withClient { client in
                let handle = try await client.submit(Act(item: 1, .hold, seconds: 1), deadline: .seconds(60))
                try await worker.says("holding 1")
                try await field.atPrimary("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'")
                #expect(try await handle.value == 1)
                #expect(worker.lines.filter { $0 == "began 1" }.count == 2)
                #expect(try await client.count(of: 1) == 1)
            }
        }
    }
}

extension Sequence where Self: Sendable, Element: Sendable {
    func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
