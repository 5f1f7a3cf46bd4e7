/// Which statements are prepared on one connection, as far as answers have told. A pure value.
///
/// A statement becomes *ready* only when its Parse was answered: in a segment that an error cut short the server skipped it. Until then only the
/// segment that carries the Parse may use the name; others send the statement whole. Statements that were thrown out wait, *doomed*, until they
/// can be deallocated; they count towards the limit, so the server never holds more than that.
struct StatementCache {
    /// What a statement is prepared as. Never used twice on a connection.
    struct Name: Hashable, CustomStringConvertible {
        var number: UInt64
        var description: String { "wherry_\(self.number)" }
    }

    /// How to send a statement.
    enum Way: Hashable {
        /// By its name.
        case ready(Name)
        /// Prepare it first, then by its name.
        case prepare(Name)
        /// Whole.
        case unnamed
    }

    private struct Key: Hashable {
        var text: String
        var types: [PostgresType]
    }

    private struct Entry {
        var name: Name
        /// The segment that carries the Parse; `nil` once it was answered.
        var pendingIn: UInt64?
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var keys: [Name: Key] = [:]
    private var doomed: [Name] = []
    private var lastNumber: UInt64 = 0
    private var uses: UInt64 = 0

    init(capacity: Int = PostgresLimits.maximumPreparedStatements) {
        self.capacity = capacity
    }

    /// How many names the server holds, or may hold.
    var count: Int {
        self.entries.count + self.doomed.count
    }

    /// How to send a statement as part of a segment.
    mutating func way(for sql: SQL, in segment: UInt64) -> Way {
        let key = Key(text: sql.text, types: sql.binds.map(\.type))
        self.uses += 1
        if let entry = self.entries[key] {
            guard entry.pendingIn == nil || entry.pendingIn == segment else { return .unnamed }
            self.entries[key]?.lastUse = self.uses
            return .ready(entry.name)
        }
        if self.count >= self.capacity {
            self.doomLeastRecentlyUsed()
            return .unnamed
        }
        self.lastNumber += 1
        let name = Name(number: self.lastNumber)
        self.entries[key] = Entry(name: name, pendingIn: segment, lastUse: self.uses)
        self.keys[name] = key
        return .prepare(name)
    }

    /// The Parse was answered.
    mutating func prepared(_ name: Name) {
        guard let key = self.keys[name] else { return }
        self.entries[key]?.pendingIn = nil
    }

    /// The Parse failed or was skipped: it did not happen.
    mutating func notPrepared(_ name: Name) {
        guard let key = self.keys.removeValue(forKey: name) else { return }
        self.entries[key] = nil
    }

    /// Throws out every statement that is ready: the server says that one is not what it was.
    mutating func dropAll() {
        for entry in self.entries.values where entry.pendingIn == nil { self.doom(entry.name) }
    }

    /// Takes the names that are to be deallocated.
    mutating func takeDoomed() -> [Name] {
        defer { self.doomed.removeAll() }
        return self.doomed
    }

    private mutating func doomLeastRecentlyUsed() {
        // One at a time suffices: each statement that finds no room makes some for a later one.
        guard self.doomed.isEmpty else { return }
        let ready = self.entries.values.lazy.filter { $0.pendingIn == nil }
        if let oldest = ready.min(by: { $0.lastUse < $1.lastUse }) { self.doom(oldest.name) }
    }

    private mutating func doom(_ name: Name) {
        self.notPrepared(name)
        self.doomed.append(name)
    }
}
