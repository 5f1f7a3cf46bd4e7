import Foundation
import Testing
import Wherry
import WherryTestKit
import WherryWorker

/// What one job type may choose for itself: its coding, its version, its limits.
@Suite("Job types", .timeLimit(.minutes(2)))
struct JobTypeTests {
    struct PropertyListCoding: JobCoding {
        var contentType: String { "application/x-plist" }

        func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
            let encoder = PropertyListEncoder()
            encoder.outputFormat = .binary
            // A property list is never a bare number.
            return Array(try encoder.encode([value]))
        }

        func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
            guard let value = try PropertyListDecoder().decode([Value].self, from: Data(bytes)).first else {
                throw DecodingError.valueNotFound(type, DecodingError.Context(codingPath: [], debugDescription: "an empty list"))
            }
            return value
        }
    }

    /// Sends bytes, which JSON would blow up, and gets as many back.
    struct Scan: Job {
        static let name = "scan.store"
        static let coding: any JobCoding = PropertyListCoding()
        typealias Output = Data
        var pixels: Data
        var fails = false
    }

    /// What somebody who forgot the coding believes it to be.
    struct ScanAsJSON: Job {
        static let name = "scan.store"
        typealias Output = Data
        var pixels: Data
        var fails = false
    }

    struct TooDark: Codable, Equatable {
        var exposure: Data
    }

    @Test func `a coding of its own takes arguments, output and failure there and back`() async throws {
        var handlers = Handlers()
        handlers.handle(Scan.self) { job, transaction in
            try await transaction.execute("INSERT INTO items VALUES (\(job.pixels.count))")
            if job.fails { throw JobFailure(TooDark(exposure: Data([0, 255])), message: "too dark") }
            return job.pixels + [0xFF]
        }
        try await Regions.run(handlers: handlers) { regions in
            let pixels = Data((0..<1000).map { UInt8(truncatingIfNeeded: $0) })
            let handle = try await regions.client.submit(Scan(pixels: pixels), key: "scan-1")
            #expect(try await handle.value == pixels + [0xFF])
            #expect(try await regions.client.call(Scan(pixels: pixels), key: "scan-1") == pixels + [0xFF])
            #expect(try await regions.itemsHere() == 1)
            #expect(try await regions.database.psql("SELECT DISTINCT content_type FROM wherry.receipts") == "application/x-plist")
            let outcome = try #require(try await regions.client.outcome(of: handle.id))
            #expect(try outcome.value(as: Data.self, coding: PropertyListCoding()) == pixels + [0xFF])
            #expect(throws: JobError.self) { try outcome.value(as: Data.self) }

            let failed = try await jobError { try await regions.client.call(Scan(pixels: pixels, fails: true)) }
            #expect(failed.code == .handlerFailed && failed.message == "too dark")
            #expect(try failed.payload(as: TooDark.self) == TooDark(exposure: Data([0, 255])))

            let refused = try await jobError { try await regions.client.call(ScanAsJSON(pixels: pixels)) }
            #expect(refused.code == .undecodableArguments)
            #expect(refused.message.contains("application/json") && refused.message.contains("application/x-plist"), "\(refused)")
        }
    }

    struct PriceV1: Job {
        static let name = "items.price"
        typealias Output = Int
        var cents: Int
    }

    struct PriceV2: Job {
        static let name = "items.price"
        static let version = 2
        typealias Output = String
        var amount: Double
        var currency: String
    }

    struct PriceV3: Job {
        static let name = "items.price"
        static let version = 3
    }

    private static func handlers(_ versions: Int...) -> Handlers {
        var handlers = Handlers()
        if versions.contains(1) { handlers.handle(PriceV1.self) { job, _ in job.cents } }
        if versions.contains(2) { handlers.handle(PriceV2.self) { job, _ in "\(job.amount) \(job.currency)" } }
        return handlers
    }

    @Test(arguments: [false, true]) func `versions live side by side, in one worker or in several`(together: Bool) async throws {
        let sets = together ? [Self.handlers(1, 2)] : [Self.handlers(1), Self.handlers(2)]
        try await Regions.run(handlers: Handlers(), workers: 0) { regions in
            let workers = sets.map { regions.startWorker($0, brokers: [regions.endpoint(0)]) }
            // Where only one of them has greeted the broker, the other's version is not known yet, and is waited for.
            let old = try await regions.client.call(PriceV1(cents: 5))
            let new = try await regions.client.call(PriceV2(amount: 1.5, currency: "EUR"))
            #expect((old, new) == (5, "1.5 EUR"))
            let unknown = try await jobError { try await regions.client.call(PriceV3(), deadline: .seconds(2)) }
            #expect(unknown.code == .unknownJob)
            #expect(unknown.message.contains("items.price"), "the nearest known ones are named: \(unknown)")
            for worker in workers { try await worker.stop() }
        }
    }

    struct Isolation: Job {
        static let name = "isolation"
        typealias Output = String
    }

    struct Sleep: Job {
        static let name = "sleep"
    }

    struct Big: Job {
        enum What: Codable { case output, failure }
        static let name = "big"
        typealias Output = String
        var what: What?
        var argument = ""
    }

    @Test func `isolation, time limit and sizes hold, each with an error of its name`() async throws {
        var handlers = Handlers()
        handlers.handle(Isolation.self, options: HandlerOptions(isolation: .serializable)) { _, transaction in
            try await transaction.scalar("SHOW transaction_isolation")
        }
        handlers.handle(Sleep.self, options: HandlerOptions(timeout: .milliseconds(200))) { _, transaction -> Void in
            try await transaction.execute("INSERT INTO items VALUES (1)")
            try await transaction.execute("SELECT pg_sleep(60)")
        }
        handlers.handle(Big.self) { job, _ in
            let text = String(repeating: "x", count: 3000)
            if case .failure = job.what { throw JobFailure(text, message: "it failed") }
            return job.what == nil ? "" : text
        }
        try await Regions.run(handlers: handlers, workers: 0, adjust: { $0.maximumArgumentBytes = 5000 }) { regions in
            let worker = regions.startWorker(handlers, brokers: [regions.endpoint(0)]) { $0.maximumPayloadSize = 2048 }
            let client = regions.client
            #expect(try await client.call(Isolation()) == "serializable")

            let slow = try await jobError { try await client.call(Sleep()) }
            #expect(slow.code == .timedOut)
            #expect(try await regions.itemsAtPrimary() == 0)

            let output = try await jobError { try await client.call(Big(what: .output)) }
            #expect(output.code == .tooLarge)
            #expect(output.message.contains("maximumPayloadSize") && output.message.contains("2048"), "\(output)")

            let failure = try await jobError { try await client.call(Big(what: .failure)) }
            #expect(failure.code == .handlerFailed)
            #expect(failure.message.contains("it failed") && failure.message.contains("maximumPayloadSize"), "\(failure)")
            #expect(try failure.payload(as: String.self) == nil)

            let here = try await jobError { try await client.call(Big(argument: String(repeating: "x", count: 6000))) }
            #expect(here.code == .tooLarge && here.message.contains("maximumArgumentBytes"), "\(here)")
            let there = try await jobError { try await client.call(Big(argument: String(repeating: "x", count: 3000))) }
            #expect(there.code == .tooLarge, "the worker takes less than the client sends: \(there)")
            #expect(try await client.call(Big()) == "")
            try await worker.stop()
        }
    }
}
