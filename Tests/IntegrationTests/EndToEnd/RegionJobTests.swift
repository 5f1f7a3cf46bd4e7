import Logging
import Synchronization
import Testing
import Wherry
import WherryBroker
import WherryCore
import WherryTestKit
import WherryWorker

@Suite("A region job runs in its region, on what is there to read", .serialized, .timeLimit(.minutes(2)))
struct RegionJobTests {
    /// Runs what ``Regions`` runs, and besides a broker and workers in lax, beside the replica.
    ///
    /// - Parameter workers: how many workers in lax.
    private func run(workers: Int = 1, _ body: (Regions, _ workers: [ServiceHost]) async throws -> Void) async throws {
        try await Regions.run(handlers: .itemsAndReading) {
            $0.brokers.append("lax=\($0.brokers[0])-lax")
        } _: { regions in
            let endpoint = "\(regions.endpoint(0))-lax"
            let broker = ServiceHost(
                Broker(configuration: BrokerConfiguration(region: "lax", binds: [endpoint]), logger: regions.logger), logger: regions.logger
            )
            let hosts = (0..<workers).map { _ in self.startWorker(regions) }
            do {
                try await body(regions, hosts)
            } catch {
                for host in hosts { await host.abandon() }
                await broker.abandon()
                throw error
            }
            for host in hosts { await host.abandon() }
            await broker.abandon()
        }
    }

    /// A worker in lax, with the same handlers and the same list of brokers as everybody else.
    private func startWorker(_ regions: Regions) -> ServiceHost {
        var configuration = Worker.Configuration(
            region: "lax", brokers: regions.configuration.brokers, database: PostgresConfiguration(regions.database.replica.keywords))
        configuration.primaryRegion = "syd"
        configuration.drainLimit = .zero
        return ServiceHost(
            Worker(handlers: .itemsAndReading, configuration: configuration, logger: regions.logger), logger: regions.logger)
    }

    @Test func `a session has keyed jobs, statements and region jobs as a client has, and what they wrote and saw`() async throws {
        try await self.run { regions, _ in
            let session = regions.client.session()
            for _ in 0..<2 { try await session.call(AddItem(item: 1), key: "item-1") }
            #expect(try await session.execute("INSERT INTO items VALUES (2) RETURNING item", as: Int.self) == [2])
            let wrote = try #require(session.token)
            #expect(try await session.call(CountItems(), in: "lax") == 2)
            let saw = try #require(session.token)
            #expect(saw.epoch == wrote.epoch && saw.lsn >= wrote.lsn)
        }
    }

    @Test func `it reads the replica there, and the primary where that is`() async throws {
        try await self.run { regions, _ in
            #expect(regions.client.region == "lax")
            #expect(regions.client.primaryRegion == "syd")
            #expect(!regions.client.isPrimary)
            #expect(try await regions.client.call(WhereAmI(), in: "lax") == ["lax", "replica"])
            #expect(try await regions.client.call(WhereAmI(), in: "syd") == ["syd", "primary"])
            let handle = try await regions.client.submit(WhereAmI(), in: "lax")
            #expect(try await handle.value == ["lax", "replica"])
            #expect(try await handle.committed.lsn > .zero)
            #expect(handle.timings.handler != nil)
        }
    }

    @Test func `it sees what its caller saw, however far behind the replica there is`() async throws {
        try await self.run { regions, _ in
            for item in 1...50 {
                let token = try await regions.client.submit(AddItem(item: item)).committed
                let count = try await regions.client.call(CountItems(), in: "lax", token: token, deadline: nil)
                #expect(count == item, "read before the replica showed what its caller knew of")
            }
            var token = try await regions.client.submit(AddItem(item: 51)).committed
            token.lsn = LSN(rawValue: token.lsn.rawValue + 1 << 40)
            let error = await #expect(throws: JobError.self) {
                try await regions.client.call(CountItems(), in: "lax", token: token, deadline: .milliseconds(500))
            }
            #expect(error?.code == .expired, "nothing is read before it is there")
            token.epoch = Epoch(systemIdentifier: 1, timeline: 1, restoreCounter: 0, random: 1)
            let foreign = await #expect(throws: JobError.self) {
                try await regions.client.call(CountItems(), in: "lax", token: token, deadline: nil)
            }
            #expect(foreign?.code == .forkedHistory)
        }
    }

    @Test(arguments: ["lax", "syd"])
    func `it cannot write, whatever it tries`(region: String) async throws {
        try await self.run { regions, _ in
            for statement in ["INSERT INTO items VALUES (1)", "SET transaction_read_only = off", "SET LOCAL transaction_read_only = off"] {
                let error = await #expect(throws: JobError.self) { try await regions.client.call(Try(statement: statement), in: region) }
                #expect(error?.code == .handlerFailed)
            }
            let items = try await regions.itemsAtPrimary()
            #expect(items == 0)
        }
    }

    @Test func `its failure comes home with its payload, and so do an unknown name and an unknown region`() async throws {
        try await self.run { regions, _ in
            let failure = await #expect(throws: JobError.self) { try await regions.client.call(Reject(item: 3), in: "lax") }
            #expect(failure?.code == .handlerFailed)
            let payload = try failure?.payload(as: ItemRejected.self)
            #expect(payload == ItemRejected(item: 3))

            let unknown = await #expect(throws: JobError.self) {
                try await regions.client.call(NobodysRegionJob(), in: "lax", deadline: .seconds(2))
            }
            #expect(unknown?.code == .unknownJob)
            #expect(unknown?.message.contains("items.count") == true)

            let elsewhere = await #expect(throws: JobError.self) { try await regions.client.call(CountItems(), in: "fra") }
            #expect(elsewhere?.code == .unknownRegion)
            #expect(elsewhere?.message.contains("syd, lax") == true)
        }
    }

    @Test func `it is lost with its worker, unless it may run twice`() async throws {
        try await self.run(workers: 1) { regions, workers in
            let gate = RegionJobGate()
            RegionJobGate.current.withLock { $0 = gate }
            let once = try await regions.client.submit(WaitOnce(), in: "lax", deadline: .seconds(60))
            let again = try await regions.client.submit(WaitAgain(), in: "lax", deadline: .seconds(60))
            await gate.entered(2)
            await workers[0].abandon()
            let error = await #expect(throws: JobError.self) { try await once.value }
            #expect(error?.code == .regionJobLost)
            gate.open()
            let spare = self.startWorker(regions)
            #expect(try await again.value == "again")
            #expect(gate.entries == 3)
            await spare.abandon()
        }
    }

    @Test func `it ends at its deadline, and when its caller gives up`() async throws {
        try await self.run { regions, _ in
            let gate = RegionJobGate()
            RegionJobGate.current.withLock { $0 = gate }
            let late = await #expect(throws: JobError.self) {
                try await regions.client.call(WaitOnce(), in: "lax", deadline: .milliseconds(300))
            }
            #expect(late?.code == .expired)
            let handle = try await regions.client.submit(WaitOnce(), in: "lax")
            handle.cancel()
            let cancelled = await #expect(throws: JobError.self) { try await handle.value }
            #expect(cancelled?.code == .cancelled)
            gate.open()
        }
    }
}
