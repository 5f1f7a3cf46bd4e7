import Wherry

/// Inserts an item, and does something besides: what the tests of faults call.
package struct Act: Job {
    package enum Kind: String, Codable, Sendable {
        case insert
        /// Says `holding ITEM`, and waits; says `draining with ITEM` if its worker is told to stop meanwhile.
        case hold
        /// Kills its process.
        case die
        /// Keeps its thread.
        case block
        /// Throws, if the item is there already: by an error of its own, which says nothing of that.
        case rejectTwice
    }

    package static let name = "faults.act"
    package typealias Output = Int

    package var item: Int
    package var kind: Kind
    package var seconds: Double

    package init(item: Int, _ kind: Kind = .insert, seconds: Double = 0) {
        self.item = item
        self.kind = kind
        self.seconds = seconds
    }
}

/// A job that only newer workers have.
package struct NewAct: Job {
    package static let name = "faults.new-act"
    package typealias Output = Int

    package var item: Int

    package init(item: Int) {
        self.item = item
    }
}

/// What ``Act/Kind/rejectTwice`` throws.
package struct Rejected: Codable, Hashable, Sendable {
    package var item: Int

    package init(item: Int) {
        self.item = item
    }
}
