import Testing
import Wherry
import WherryTestKit

@Suite("A write job crosses regions and comes home", .timeLimit(.minutes(2)))
struct MainJobTests {
    @Test func `its value comes when the replica here shows the write`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let value = try await regions.client.call(AddItem(item: 7))
            #expect(value == 7)
            #expect(try await regions.itemsHere() == 1)
        }
    }

    @Test func `a handle tells of the commit, of the value, and of every leg`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let handle = try await regions.client.submit(AddItem(item: 1))
            let token = try await handle.committed
            #expect(try await regions.itemsAtPrimary() == 1)
            #expect(token.lsn > .zero)
            #expect(try await handle.value == 1)
            #expect(try await handle.value == 1, "asking again gives the same")
            let timings = handle.timings
            let legs = [
                timings.waiting, timings.network, timings.brokerQueue, timings.worker, timings.workerLease, timings.begin, timings.handler,
                timings.commit, timings.replayWait,
            ]
            #expect(!legs.contains(nil), "\(timings)")
            let total = try #require(timings.total)
            #expect(legs.allSatisfy { $0.map { $0 >= .zero && $0 <= total } ?? false }, "\(timings)")
        }
    }

    @Test func `five hundred at once all come home, each exactly once`() async throws {
        try await Regions.run(handlers: .items, workers: 2) { regions in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for item in 0..<500 {
                    group.addTask {
                        let value = try await regions.client.call(AddItem(item: item))
                        #expect(value == item)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await regions.itemsHere() == 500)
            let doubled = try await regions.database.psql("SELECT count(*) FROM (SELECT FROM items GROUP BY item HAVING count(*) > 1) AS d")
            #expect(doubled == "0")
        }
    }

    @Test func `a receipt can be asked for by its id`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let handle = try await regions.client.submit(AddItem(item: 3))
            _ = try await handle.value
            let outcome = try #require(try await regions.client.outcome(of: handle.id))
            #expect(outcome.isCommitted)
            #expect(try outcome.value(as: Int.self) == 3)
        }
    }

    @Test func `a job of a client that stops in good order is finished first`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let client = try WherryClient(regions.configuration, logger: regions.logger)
            let host = ServiceHost(client, logger: regions.logger)
            let handle = try await client.submit(AddItem(item: 1))
            try await host.stop()
            #expect(try await handle.value == 1)
            await #expect(throws: JobError.self) { try await client.call(AddItem(item: 2)) }
        }
    }
}
