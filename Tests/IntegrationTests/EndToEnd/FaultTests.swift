import Testing
import Wherry
import WherryTestKit
import WherryWorker

@Suite("A job is done exactly once, whoever dies", .timeLimit(.minutes(3)))
struct FaultTests {
    /// Calls `count` jobs from several tasks; `meanwhile` runs once a quarter of them is home.
    private func load(_ regions: Regions, count: Int, meanwhile: @Sendable () async throws -> Void) async throws {
        let quarter = TestSignal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<8 {
                group.addTask {
                    for item in stride(from: lane, to: count, by: 8) {
                        let value = try await regions.client.call(AddItem(item: item), deadline: .seconds(60))
                        #expect(value == item)
                        if item >= count / 4 { quarter.fire() }
                    }
                }
            }
            await quarter.wait()
            try await meanwhile()
            try await group.waitForAll()
        }
        #expect(try await regions.itemsHere() == count)
        #expect(try await regions.database.psql("SELECT count(DISTINCT item) FROM items") == "\(count)")
    }

    @Test func `a broker that vanishes under load costs time and nothing else`() async throws {
        try await Regions.run(handlers: .items, brokers: 1) { regions in
            let spare = "\(regions.endpoint(1))"
            let broker = regions.startBroker(1)
            let worker = regions.startWorker(.items, brokers: [spare])
            var configuration = regions.configuration
            configuration.brokers = [regions.endpoint(0), spare]
            let client = try WherryClient(configuration, logger: regions.logger)
            let host = ServiceHost(client, logger: regions.logger)
            let both = Regions(
                database: regions.database, client: client, configuration: configuration, folder: regions.folder, logger: regions.logger)
            try await self.load(both, count: 400) { await broker.abandon() }
            try await host.stop()
            await worker.abandon()
        }
    }

    @Test func `a broker that comes back is used again`() async throws {
        try await Regions.run(handlers: .items, brokers: 1) { regions in
            let endpoint = regions.endpoint(1)
            let first = regions.startBroker(1)
            let worker = regions.startWorker(.items, brokers: [endpoint])
            var configuration = regions.configuration
            configuration.brokers = [endpoint]
            let client = try WherryClient(configuration, logger: regions.logger)
            let host = ServiceHost(client, logger: regions.logger)
            let one = Regions(
                database: regions.database, client: client, configuration: configuration, folder: regions.folder, logger: regions.logger)
            try await one.client.call(AddItem(item: -1))
            await first.abandon()
            let second = regions.startBroker(1)
            #expect(try await one.client.call(AddItem(item: -2), deadline: .seconds(60)) == -2)
            #expect(try await one.itemsHere() == 2)
            try await host.stop()
            try await worker.stop()
            try await second.stop()
        }
    }

    @Test func `a worker that stops in good order under load hands its jobs to another`() async throws {
        try await Regions.run(handlers: .items, brokers: 1) { regions in
            let worker = regions.startWorker(.items, brokers: [regions.endpoint(0)])
            try await self.load(regions, count: 400) { try await worker.stop() }
        }
    }

    @Test func `a worker that vanishes under load loses its jobs to another`() async throws {
        try await Regions.run(handlers: .items, brokers: 1) { regions in
            let worker = regions.startWorker(.items, brokers: [regions.endpoint(0)])
            try await self.load(regions, count: 400) { await worker.abandon() }
        }
    }

    @Test func `jobs that were called before anything runs wait for it`() async throws {
        try await Regions.run(handlers: .items, workers: 0) { regions in
            async let value = regions.client.call(AddItem(item: 5), deadline: .seconds(60))
            let worker = regions.startWorker(.items, brokers: [regions.endpoint(0)])
            #expect(try await value == 5)
            try await worker.stop()
        }
    }
}

/// Fires once, wakes whoever waits.
final class TestSignal: Sendable {
    private let stream = AsyncStream.makeStream(of: Void.self)

    func fire() {
        self.stream.continuation.finish()
    }

    func wait() async {
        for await _ in self.stream.stream {}
    }
}
