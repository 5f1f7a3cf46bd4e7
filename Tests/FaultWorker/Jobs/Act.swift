public import Wherry

/// Inserts an item, and does something besides: what the tests of faults call.
public struct Act: Job {
    public enum Kind: String, Codable, Sendable {
        case insert
        /// Says `holding ITEM`, and waits.
        case hold
        /// Kills its process.
        case die
        /// Keeps its thread.
        case block
        /// Throws, if the item is there already: by an error of its own, which says nothing of that.
        case rejectTwice
    }

    public static let name = "faults.act"
    public typealias Output = Int

    public var item: Int
    public var kind: Kind
    public var seconds: Double

    public init(item: Int, _ kind: Kind = .insert, seconds: Double = 0) {
        self.item = item
        self.kind = kind
        self.seconds = seconds
    }
}

/// A job that only newer workers have.
public struct NewAct: Job {
    public static let name = "faults.new-act"
    public typealias Output = Int

    public var item: Int

    public init(item: Int) {
        self.item = item
    }
}

/// What ``Act/Kind/rejectTwice`` throws.
public struct Rejected: Codable, Hashable, Sendable {
    public var item: Int

    public init(item: Int) {
        self.item = item
    }
}
