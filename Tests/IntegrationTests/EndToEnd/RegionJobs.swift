import Synchronization
import Wherry
import WherryCore
import WherryTestKit

/// Says in which region it runs, and on what.
struct WhereAmI: RegionJob {
    static let name = "region.where"
    typealias Output = [String]
}

/// Counts items.
struct CountItems: RegionJob {
    static let name = "items.count"
    typealias Output = Int
}

/// Runs a statement, then tries to insert.
struct Try: RegionJob {
    static let name = "region.try"
    var statement: String
}

/// Fails.
struct Reject: RegionJob {
    static let name = "region.reject"
    var item: Int
}

/// Nobody has a handler for it.
struct NobodysRegionJob: RegionJob {
    static let name = "items.coun"
}

/// Waits for the test's gate; must not run twice.
struct WaitOnce: RegionJob {
    static let name = "region.wait-once"
}

/// Waits for the test's gate; may run twice.
struct WaitAgain: RegionJob {
    static let name = "region.wait-again"
    static let isIdempotent = true
    typealias Output = String
}

/// Where the handlers of one test wait, by its number.
final class RegionJobGate: Sendable {
    /// The handlers run in this process. One test at a time uses it.
    static let current = Locked<RegionJobGate?>(nil)

    private let opening = TestSignal()
    private let arrivals = AsyncStream.makeStream(of: Void.self)
    private let count = Locked(0)

    /// How many handlers have come.
    var entries: Int { self.count.withLock { $0 } }

    func open() { self.opening.fire() }

    /// In a handler: says that it is there, and waits.
    static func pass() async throws {
        guard let gate = Self.current.withLock({ $0 }) else { return }
        gate.count.withLock { $0 += 1 }
        gate.arrivals.continuation.yield()
        await gate.opening.wait()
        try Task.checkCancellation()
    }

    /// Waits until so many handlers have come.
    func entered(_ count: Int) async {
        var arrived = 0
        for await _ in self.arrivals.stream {
            arrived += 1
            if arrived == count { return }
        }
    }
}

extension Handlers {
    /// Handlers for all jobs above, and those of ``items``.
    static var itemsAndReading: Handlers {
        var handlers = Handlers.items
        handlers.handle(WhereAmI.self) { _, db, context in
            [context.region, try await db.scalar("SELECT pg_is_in_recovery()", as: Bool.self) ? "replica" : "primary"]
        }
        handlers.handle(CountItems.self) { _, db in try await db.scalar("SELECT count(*) FROM items", as: Int.self) }
        handlers.handle(Try.self) { job, db -> Void in
            try await db.execute(SQL(unsafe: job.statement))
            try await db.execute("INSERT INTO items VALUES (1)")
        }
        handlers.handle(Reject.self) { job, _ -> Void in throw JobFailure(ItemRejected(item: job.item)) }
        handlers.handle(WaitOnce.self) { _, _ -> Void in try await RegionJobGate.pass() }
        handlers.handle(WaitAgain.self) { _, _ in
            try await RegionJobGate.pass()
            return "again"
        }
        return handlers
    }
}
