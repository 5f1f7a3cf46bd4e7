import Foundation
import Testing
import Wherry
import WherryBroker
import WherryTestKit
import WherryWorker

/// Runs a body that must throw a `JobError`, and returns it.
func jobError(_ body: () async throws -> Void) async throws -> JobError {
    do {
        try await body()
    } catch let error as JobError {
        return error
    }
    throw NoError()
}

private struct NoError: Error {}

@Suite("Bad input gets a clear error", .timeLimit(.minutes(2)))
struct BadInputTests {
    @Test func `a handler that throws sends its payload home, and leaves nothing behind`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let error = try await jobError { try await regions.client.call(AddItemThenFail(item: 9)) }
            #expect(error.code == .handlerFailed)
            #expect(try error.payload(as: ItemRejected.self) == ItemRejected(item: 9))
            #expect(error.jobID != nil)
            #expect(try await regions.itemsAtPrimary() == 0)
            #expect(try await regions.database.psql("SELECT outcome FROM wherry.receipts") == "failed")
        }
    }

    @Test func `an unknown name is refused at once where that is wanted, with the nearest known one`() async throws {
        try await Regions.run(handlers: .items, adjust: { $0.waitsForUnknownJobs = false }) { regions in
            try await regions.client.call(AddItem(item: 1))  // a worker is there
            let start = ContinuousClock.now
            let error = try await jobError { try await regions.client.call(NobodysJob()) }
            #expect(error.code == .unknownJob)
            #expect(error.message.contains("items.add"), "\(error)")
            #expect(start.duration(to: .now) < .seconds(5))
        }
    }

    @Test func `arguments that do not decode fail, with a receipt`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let error = try await jobError { try await regions.client.call(AddItemByText()) }
            #expect(error.code == .undecodableArguments)
            #expect(error.message.contains("text"), "\(error)")
        }
    }

    @Test func `arguments larger than the limit are refused before they are sent`() async throws {
        try await Regions.run(handlers: .items, adjust: { $0.maximumArgumentBytes = 4 }) { regions in
            let error = try await jobError { try await regions.client.call(AddItem(item: 1_000_000)) }
            #expect(error.code == .tooLarge)
            #expect(try await regions.itemsAtPrimary() == 0)
        }
    }

    @Test func `a write inside of a read is refused by the server`() async throws {
        try await Regions.run(handlers: .items) { regions in
            let error = try await jobError {
                _ = try await regions.client.read { db in try await db.execute("INSERT INTO items VALUES (1)") }
            }
            #expect(error.code == .readOnly)
            #expect(error.message.contains("client.call") && error.message.contains("execute"), "\(error)")
            #expect((error.cause as? PostgresError)?.sqlState == .readOnlyTransaction)
        }
    }

    @Test func `without a broker a job ends as never sent, and says where it tried`() async throws {
        try await Regions.run(handlers: .items, brokers: 1, workers: 0, adjust: { $0.brokers = ["tcp://127.0.0.1:1"] }) { regions in
            let error = try await jobError { try await regions.client.call(AddItem(item: 1), deadline: .milliseconds(500)) }
            #expect(error.code == .neverSent)
            #expect(error.message.contains("127.0.0.1:1"), "\(error)")
        }
    }

    @Test func `a standby configured as the primary stops the worker, with what to do`() async throws {
        try await Regions.run(handlers: .items, workers: 0) { regions in
            let configuration = Worker.Configuration(
                region: "syd", brokers: [regions.endpoint(0)], database: PostgresConfiguration(regions.database.replica.keywords))
            let worker = ServiceHost(Worker(handlers: .items, configuration: configuration, logger: regions.logger), logger: regions.logger)
            let result = await worker.result()
            let error = try #require(throws: WorkerError.self) { try result.get() }
            #expect(error.code == .standby)
            #expect(error.message.contains("primary"), "\(error)")
        }
    }

    @Test func `a database without the schema stops the worker, with the command that mends it`() async throws {
        try await Regions.run(handlers: .items, workers: 0) { regions in
            try await regions.database.psql("DROP SCHEMA wherry CASCADE")
            let configuration = Worker.Configuration(
                region: "syd", brokers: [regions.endpoint(0)], database: PostgresConfiguration(regions.database.primary.keywords))
            let worker = ServiceHost(Worker(handlers: .items, configuration: configuration, logger: regions.logger), logger: regions.logger)
            let result = await worker.result()
            let error = try #require(throws: WorkerError.self) { try result.get() }
            #expect(error.message.contains("wherry migrate up"), "\(error)")
        }
    }

    @Test func `a configuration that makes no sense is refused before anything is opened`() {
        let database = PostgresConfiguration("host=127.0.0.1")
        #expect(throws: JobError.self) {
            try WherryClient(.init(region: "", primaryRegion: "syd", brokers: ["tcp://127.0.0.1:1"], database: database))
        }
        #expect(throws: JobError.self) {
            try WherryClient(.init(region: "lax", primaryRegion: "syd", brokers: ["127.0.0.1:1"], database: database))
        }
        #expect(throws: JobError.self) { try WherryClient(.init(region: "lax", primaryRegion: "syd", brokers: [], database: database)) }
        #expect(throws: JobError.self) { try WherryClient.Configuration.fromEnvironment([:]) }
        #expect(throws: WorkerError.self) { try Worker.Configuration.fromEnvironment(["WHERRY_REGION": "syd"]) }
    }
}
