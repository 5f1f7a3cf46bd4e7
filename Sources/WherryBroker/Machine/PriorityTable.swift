internal import HeapModule

/// A priority queue whose elements can be withdrawn or moved at any time; the lowest comes first, and of equals the one that was set first.
///
/// Every operation costs O(log n), counted over many. Memory is in proportion to what is in it, not to what was withdrawn.
struct PriorityTable<ID: Hashable & Sendable, Priority: Comparable & Sendable>: Sendable {
    private struct Entry: Comparable, Sendable {
        var priority: Priority
        var serial: UInt64
        var id: ID

        static func < (left: Entry, right: Entry) -> Bool {
            left.priority == right.priority ? left.serial < right.serial : left.priority < right.priority
        }

        static func == (left: Entry, right: Entry) -> Bool {
            left.serial == right.serial
        }
    }

    private var entries: [ID: Entry] = [:]
    /// Holds withdrawn entries too, told by their serial; never at the top.
    private var heap: Heap<Entry> = []
    private var nextSerial: UInt64 = 0

    var count: Int { self.entries.count }
    var isEmpty: Bool { self.entries.isEmpty }
    /// What it occupies, in elements: those that were withdrawn and not yet cleared away included.
    var footprint: Int { self.heap.count }

    /// The element with the lowest priority.
    var first: (id: ID, priority: Priority)? {
        self.heap.min.map { ($0.id, $0.priority) }
    }

    subscript(id: ID) -> Priority? {
        self.entries[id]?.priority
    }

    /// Puts an element in, or moves it.
    mutating func set(_ id: ID, to priority: Priority) {
        let entry = Entry(priority: priority, serial: self.nextSerial, id: id)
        self.nextSerial += 1
        self.entries[id] = entry
        self.heap.insert(entry)
        self.tidy()
    }

    mutating func remove(_ id: ID) {
        guard self.entries.removeValue(forKey: id) != nil else { return }
        self.tidy()
    }

    /// Takes out what has waited longest, if its time has come.
    mutating func popFirst(where isDue: (Priority) -> Bool) -> ID? {
        guard let first = self.heap.min, isDue(first.priority) else { return nil }
        self.remove(first.id)
        return first.id
    }

    private mutating func tidy() {
        if self.heap.count > 2 * self.entries.count + 32 { self.heap = Heap(self.entries.values) }
        while let first = self.heap.min, self.entries[first.id]?.serial != first.serial { self.heap.removeMin() }
    }
}
