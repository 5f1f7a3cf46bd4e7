import Testing
import WherryJobs
import WherryPostgres
import WherryWire

@Suite("Handlers")
struct HandlersTests {
    struct Add: Job {
        static let name = "numbers.add"
        static let version = 2
        typealias Output = Int
        var numbers: [Int]
    }

    struct Touch: Job {
        static let name = "items.touch"
        var id: Int
    }

    @Test("are offered by name and version, sorted")
    func offers() {
        var handlers = Handlers()
        handlers.handle(Touch.self) { _, _ in }
        handlers.handle(Add.self) { job, _ in job.numbers.reduce(0, +) }
        #expect(handlers.offers == [Offer(name: "items.touch", version: 1), Offer(name: "numbers.add", version: 2)])
        #expect(handlers.handler(name: "numbers.add", version: 1) == nil)
        #expect(handlers.handler(name: "numbers.add", version: 2) != nil)
    }

    @Test("take a body with a context, and a body that returns nothing from a statement")
    func bodies() {
        var handlers = Handlers()
        handlers.handle(Add.self) { job, _, context in job.numbers.count + context.attempts }
        handlers.handle(Touch.self) { job, transaction in
            try await transaction.execute("UPDATE items SET touched = true WHERE id = \(job.id)")
        }
        #expect(handlers.offers.count == 2)
    }

    @Test("take a body of several statements that returns nothing, or does not return at all")
    func severalStatements() {
        struct Move: Job { static let name = "items.move" }
        struct Refuse: Job { static let name = "items.refuse" }
        var handlers = Handlers()
        handlers.handle(Touch.self) { job, transaction in
            try await transaction.execute("UPDATE items SET touched = true WHERE id = \(job.id)")
            try await transaction.execute("DELETE FROM untouched WHERE id = \(job.id)")
        }
        handlers.handle(Move.self) { _, transaction, context in
            try await transaction.execute("INSERT INTO moves (attempts) VALUES (\(context.attempts))")
            try await transaction.execute("DELETE FROM moving")
        }
        handlers.handle(Refuse.self) { _, transaction in
            try await transaction.execute("DELETE FROM items")
            throw CancellationError()
        }
        #expect(handlers.offers.count == 3)
    }

    @Test("refuse arguments that are not the job's")
    func undecodable() throws {
        var handlers = Handlers()
        handlers.handle(Add.self, options: HandlerOptions(isolation: .serializable)) { job, _ in job.numbers.reduce(0, +) }
        let handler = try #require(handlers.handler(name: "numbers.add", version: 2))
        #expect(handler.options.isolation == .serializable)
        #expect(throws: DecodingError.self) { try handler.prepare(Array(#"{"numbers":"three"}"#.utf8), contentType: JobCodec.contentType) }
        #expect(throws: DecodingError.self) { try handler.prepare([], contentType: JobCodec.contentType) }
        _ = try handler.prepare(Array(#"{"numbers":[1,2],"later":true}"#.utf8), contentType: JobCodec.contentType)
    }

    @Test("cannot be registered twice for one name and version")
    func twice() async {
        await #expect(processExitsWith: .failure) {
            var handlers = Handlers()
            handlers.handle(Touch.self) { _, _ in }
            handlers.handle(Touch.self) { _, _ in }
        }
    }
}
