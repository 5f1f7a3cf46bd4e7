import Testing
import Wherry
import WherryTestKit

@Suite("Idempotency keys across regions", .timeLimit(.minutes(2)))
struct KeyTests {
    @Test func `the same key from any node gives the first result, visible here`() async throws {
        try await Regions.run(handlers: .items, workers: 2) { regions in
            let other = try WherryClient(regions.configuration, logger: regions.logger)
            let host = ServiceHost(other, logger: regions.logger)
            let first = try await regions.client.submit(AddItem(item: 7), key: "order-42")
            #expect(try await first.value == 7)
            let second = try await other.submit(AddItem(item: 7), key: "order-42")
            #expect(try await second.value == 7)
            #expect(second.id != first.id)
            #expect(try await regions.itemsHere() == 1)
            // It has a receipt of its own, so whoever asks for it later finds out.
            #expect(try await regions.client.outcome(of: second.id)?.value(as: Int.self) == 7)
            let calls = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<20 {
                    let client = number.isMultiple(of: 2) ? regions.client : other
                    group.addTask { try await client.call(AddItem(item: 8), key: "order-43") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(calls == Array(repeating: 8, count: 20))
            #expect(try await regions.itemsAtPrimary() == 2)
            try await host.stop()
        }
    }

    @Test func `other arguments, another job and a key that is none are errors that say so`() async throws {
        try await Regions.run(handlers: .items) { regions in
            try await regions.client.call(AddItem(item: 1), key: "order-42")
            let arguments = try await jobError { try await regions.client.call(AddItem(item: 2), key: "order-42") }
            let job = try await jobError { try await regions.client.call(AddItemThenFail(item: 1), key: "order-42") }
            for error in [arguments, job] {
                #expect(error.code == .keyConflict)
                #expect(error.message.contains("order-42") && error.message.contains("items."), "\(error)")
            }
            for key in ["", String(repeating: "k", count: 201), "a\0b"] {
                let error = try await jobError { try await regions.client.call(AddItem(item: 3), key: key) }
                #expect(error.code == .invalidKey)
            }
            try await regions.client.call(AddItem(item: 4), key: String(repeating: "ü", count: 100))
            #expect(try await regions.itemsAtPrimary() == 2)
        }
    }
}
