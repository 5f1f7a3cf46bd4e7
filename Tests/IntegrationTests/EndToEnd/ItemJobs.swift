import Wherry

/// Inserts one item.
struct AddItem: Job {
    static let name = "items.add"
    typealias Output = Int
    var item: Int
}

/// Inserts an item, then throws.
struct AddItemThenFail: Job {
    static let name = "items.fail"
    var item: Int
}

/// Nobody has a handler for it.
struct NobodysJob: Job {
    static let name = "items.ad"
    var item = 0
}

/// The worker knows a job of this name, with other arguments.
struct AddItemByText: Job {
    static let name = "items.by-text"
    var item = 1
}

/// What the worker believes ``AddItemByText`` to be.
struct AddItemByTextAsWorkerKnowsIt: Job {
    static let name = "items.by-text"
    var text: String
}

/// Why ``AddItemThenFail`` fails.
struct ItemRejected: Codable, Hashable, Sendable {
    var item: Int
}

extension Handlers {
    /// Handlers for all jobs above.
    static var items: Handlers {
        var handlers = Handlers()
        handlers.handle(AddItem.self) { job, transaction in
            try await transaction.execute("INSERT INTO items VALUES (\(job.item))")
            return job.item
        }
        handlers.handle(AddItemThenFail.self) { job, transaction -> Void in
            try await transaction.execute("INSERT INTO items VALUES (\(job.item))")
            throw JobFailure(ItemRejected(item: job.item))
        }
        handlers.handle(AddItemByTextAsWorkerKnowsIt.self) { _, _ in }
        return handlers
    }
}
