import FaultJobs
import Synchronization
import Testing
import Wherry
import WherryCluster
import WherryTestKit

@Suite("The receipt decides, whatever copies there are", .timeLimit(.minutes(3)))
struct ReceiptDecidesTests {
    @Test(.ownCluster()) func `COMMIT in doubt: the connection dies while the server has committed and has not said so`() async throws {
        try await FaultField.runOnOwnCluster { field, cluster in
            _ = try await field.startBroker()
            let proxy = try await WANProxy.start(target: cluster.primary.port)
            var address = cluster.primary.connection()
            address.port = proxy.port
            let worker = try await field.startWorker(database: address)
            try await field.withClient { client in
                _ = try await client.call(Act(item: 0))
                // COMMIT is durable, and waits for a standby that does not exist before it is answered.
                try await cluster.primary.set(["synchronous_standby_names": "nobody"])
                async let value = client.call(Act(item: 1), deadline: .seconds(60))
                try await eventually("COMMIT waits") {
                    try await cluster.primary.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "0"
                }
                await proxy.reset()
                try await Task.sleep(for: .milliseconds(500))
                try await cluster.primary.set(["synchronous_standby_names": ""])
                #expect(try await value == 1)
                #expect(try await client.counts() == [2, 2])
                #expect(worker.lines.filter { $0 == "began 1" }.count == 1, "the receipt was found, so nothing ran again")
            }
            await proxy.stop()
        }
    }

    @Test func `deadlines that race with commits: who is told a value finds the effect, who is told expired never does`() async throws {
        try await FaultField.run { field in
            _ = try await field.startBroker()
            for _ in 0..<2 { _ = try await field.startWorker() }
            try await field.withClient { client in
                _ = try await client.call(Act(item: -1))
                let told = Shared<[Int: Bool]>([:])
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for item in 0..<400 {
                        if item >= 40 { try await group.next() }
                        group.addTask {
                            // Around the time that a job takes here, so that some fences win and some lose.
                            let job = Act(item: item, .hold, seconds: 0.05)
                            do {
                                _ = try await client.call(job, deadline: .milliseconds(Int64.random(in: 20...250)))
                                told.value.withLock { $0[item] = true }
                            } catch let error as JobError where error.code == .notYetVisible {
                                told.value.withLock { $0[item] = true }
                            } catch let error as JobError where [.expired, .neverSent].contains(error.code) {
                                told.value.withLock { $0[item] = false }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                // Whatever copies there still were have had their chance.
                for item in 1_000..<1_040 { _ = try await client.call(Act(item: item), deadline: .seconds(60)) }
                let there = try await client.read { db in
                    try await db.scalar("SELECT array_agg(item) FROM items WHERE item BETWEEN 0 AND 999", as: [Int].self)
                }
                let values = told.value.withLock { $0 }
                #expect(values.count == 400)
                #expect(Set(there).count == there.count)
                #expect(Set(there) == Set(values.filter(\.value).keys))
                #expect(values.values.contains(true) && values.values.contains(false), "neither side always wins")
                let receipts = try await field.atPrimary("SELECT count(*) FROM wherry.receipts WHERE outcome = 'committed'")
                #expect(receipts.hasSuffix("\(there.count + 41)"))
            }
        }
    }

    @Test func `a late copy that fails on the effects of its committed twin is told what its twin did`() async throws {
        try await FaultField.run { field in
            let first = try await field.startBroker(0, tcp: true)
            _ = try await field.startBroker(1)
            _ = try await field.startWorker(brokers: [0, 1])
            let proxy = try await WANProxy.start(target: try await field.port(of: first))
            try await field.withClient(endpoints: ["tcp://127.0.0.1:\(proxy.port)", field.endpoint(1)]) { client in
                // Answers of the first broker do not arrive, and those of the replica are slow in coming: what is sent again is run again.
                for item in 0..<60 {
                    if item == 20 { await proxy.halfOpen(.toClient) }
                    if item == 40 {
                        await proxy.heal()
                        await proxy.reset()
                    }
                    let value = try await client.call(Act(item: item, .rejectTwice), deadline: .seconds(60))
                    #expect(value == item)
                }
                #expect(try await client.counts() == [60, 60])
            }
            await proxy.stop()
        }
    }
}
