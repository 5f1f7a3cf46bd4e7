import FaultJobs
import Metrics
import MetricsTestKit
import Testing
import Wherry
import WherryCluster
import WherryTestKit

@Suite("Brokers die, freeze and are cut off, and nobody notices but by the time it takes", .timeLimit(.minutes(3)))
struct BrokerDeathTests {
    @Test func `killed with thousands of jobs in flight: no call fails, nothing is done twice, and no storm of resends`() async throws {
        let metrics = TestMetrics()
        try await FaultField.run { field in
            let first = try await field.startBroker(0)
            _ = try await field.startBroker(1)
            for _ in 0..<2 { _ = try await field.startWorker(brokers: [0, 1]) }
            try await withMetricsFactory(metrics) {
                try await field.withClient(brokers: [0, 1]) { client in
                    let handles = try await (0..<3_000).asyncMap { try await client.submit(Act(item: $0), deadline: .seconds(120)) }
                    first.kill()
                    for (item, handle) in handles.enumerated() { #expect(try await handle.value == item) }
                    #expect(try await client.counts() == [3_000, 3_000])
                    // What it held is sent again once, at a tenth of what is pending a second, and not in circles.
                    let resends = try metrics.expectCounter("wherry.client.resends", [("region", "lax")]).totalValue
                    #expect(resends <= 2_000, "at most what the dead broker may have held; it was \(resends)")
                }
            }
        }
    }

    @Test func `frozen for longer than its liveness: its jobs go through another one, and it is used again when it wakes`() async throws {
        try await FaultField.run { field in
            let first = try await field.startBroker(0)
            _ = try await field.startBroker(1)
            _ = try await field.startWorker(brokers: [0, 1])
            try await field.withClient(brokers: [0, 1]) { client in
                try await client.insert(0..<400, lanes: 32) {
                    first.freeze()
                    try await Task.sleep(for: .seconds(5))
                    first.thaw()
                }
                #expect(try await client.counts() == [400, 400])
            }
            // The only one left.
            try await field.withClient(brokers: [0]) { client in
                let value = try await client.call(Act(item: 1_000), deadline: .seconds(60))
                #expect(value == 1_000)
            }
        }
    }

    @Test func `a copy in a frozen broker that wakes after its caller was told has no effect`() async throws {
        try await FaultField.run { field in
            let frozen = try await field.startBroker(0)
            _ = try await field.startBroker(1)
            // Its one place is taken, so what comes later waits in the broker.
            let worker = try await field.startWorker(brokers: [0, 1], environment: ["WHERRY_CONCURRENCY": "1"])
            try await field.withClient(brokers: [0]) { occupant in
                let running = try await occupant.submit(Act(item: 1, .hold, seconds: 10), deadline: .seconds(60))
                try await worker.says("holding 1")
                try await field.withClient(brokers: [0, 1]) { client in
                    let handles = try await (10..<40).asyncMap { try await client.submit(Act(item: $0), deadline: .seconds(3)) }
                    // Both brokers have some of them.
                    try await Task.sleep(for: .milliseconds(300))
                    frozen.freeze()
                    for handle in handles {
                        let error = try await jobError { _ = try await handle.value }
                        #expect(error.code == .expired, "\(error)")
                    }
                    frozen.thaw()
                    #expect(try await running.value == 1)
                    for item in 50..<60 { #expect(try await client.call(Act(item: item), deadline: .seconds(60)) == item) }
                    #expect(try await client.counts() == [11, 11])
                }
            }
        }
    }

    @Test func `dead between commit and reply: the caller gets its value from its own replica`() async throws {
        try await FaultField.run { field in
            let broker = try await field.startBroker(tcp: true)
            let worker = try await field.startWorker()
            let proxy = try await WANProxy.start(target: try await field.port(of: broker))
            try await field.withClient(endpoints: ["tcp://127.0.0.1:\(proxy.port)"]) { client in
                _ = try await client.call(Act(item: 0))
                let handle = try await client.submit(Act(item: 1, .hold, seconds: 0.5), deadline: .seconds(60))
                try await worker.says("holding 1")
                await proxy.halfOpen(.toClient)
                try await eventually("it has committed") { try await client.count(of: 1) == 1 }
                broker.kill()
                try await broker.ends()
                #expect(try await handle.value == 1, "there is no broker that could have said so")
                #expect(worker.lines.filter { $0 == "began 1" }.count == 1)
                #expect(try await client.count(of: 1) == 1)
            }
            await proxy.stop()
        }
    }

    @Test func `cut off from its clients, and later from its workers`() async throws {
        try await FaultField.run { field in
            let first = try await field.startBroker(0, tcp: true)
            _ = try await field.startBroker(1)
            _ = try await field.startWorker(brokers: [0, 1])
            let proxy = try await WANProxy.start(target: try await field.port(of: first))
            try await field.withClient(endpoints: ["tcp://127.0.0.1:\(proxy.port)", field.endpoint(1)]) { client in
                try await client.insert(0..<300, lanes: 16) {
                    await proxy.cut()
                    try await Task.sleep(for: .seconds(5))
                    await proxy.heal()
                    await proxy.halfOpen()
                    try await Task.sleep(for: .seconds(4))
                    await proxy.heal()
                    await proxy.reset()
                }
                #expect(try await client.counts() == [300, 300])
            }
            await proxy.stop()
        }
    }

    @Test func `restarted at once, it does not speak for the one before it`() async throws {
        try await FaultField.run { field in
            let first = try await field.startBroker()
            // Nobody works yet: all wait in the broker.
            try await field.withClient { client in
                let warm = try await field.startWorker()
                _ = try await client.call(Act(item: 0))
                warm.kill()
                try await warm.ends()
                let handles = try await (1...50).asyncMap { try await client.submit(Act(item: $0), deadline: .seconds(60)) }
                first.kill()
                try await first.ends()
                _ = try await field.startBroker()
                _ = try await field.startWorker()
                for (index, handle) in handles.enumerated() { #expect(try await handle.value == index + 1) }
                #expect(try await client.counts() == [51, 51])
            }
        }
    }
}
