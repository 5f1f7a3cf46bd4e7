package import WherryCore

/// Elements that fall due, the earliest first; those of one instant in the order in which they came.
///
/// A binary heap whose entries know where they stand, so that one can be taken out from the middle in O(log n) and leaves nothing behind:
/// most timers are timeouts that never fire. (swift-collections' `Heap` only removes at its ends.)
package struct TimerHeap<Element> {
    /// Names one entry. A key whose entry has gone names nothing, even when its slot is in use again.
    package struct Key: Hashable, Sendable {
        fileprivate let slot: Int
        fileprivate let sequence: UInt64
    }

    private struct Entry {
        let deadline: MonotonicInstant
        let key: Key
        let element: Element

        func isDue(before other: Entry) -> Bool {
            self.deadline == other.deadline ? self.key.sequence < other.key.sequence : self.deadline < other.deadline
        }
    }

    private struct Slot {
        /// Whose slot it is, or was.
        var sequence: UInt64
        /// Where that entry stands in the heap; `nil` if it has gone.
        var position: Int?
    }

    private var entries: [Entry] = []
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var nextSequence: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { self.entries.isEmpty }
    package var count: Int { self.entries.count }

    /// When the next one falls due; `nil` if there is none.
    package var earliest: MonotonicInstant? { self.entries.first?.deadline }

    /// Adds an element. O(log n).
    package mutating func insert(_ element: Element, at deadline: MonotonicInstant) -> Key {
        let sequence = self.nextSequence
        self.nextSequence += 1
        let slot = self.freeSlots.popLast() ?? self.slots.count
        if slot == self.slots.count { self.slots.append(Slot(sequence: sequence)) }
        let key = Key(slot: slot, sequence: sequence)
        self.slots[slot] = Slot(sequence: sequence, position: self.entries.count)
        self.entries.append(Entry(deadline: deadline, key: key, element: element))
        self.siftUp(self.entries.count - 1)
        return key
    }

    /// Takes an element out before it falls due. O(log n).
    ///
    /// - Returns: the element; `nil` if it has gone already.
    @discardableResult
    package mutating func remove(_ key: Key) -> Element? {
        guard let position = self.position(of: key) else { return nil }
        return self.removeEntry(at: position).element
    }

    package func contains(_ key: Key) -> Bool {
        self.position(of: key) != nil
    }

    /// Takes out the earliest element if it is due. O(log n).
    package mutating func popDue(at now: MonotonicInstant) -> Element? {
        guard let first = self.entries.first, first.deadline <= now else { return nil }
        return self.removeEntry(at: 0).element
    }

    private func position(of key: Key) -> Int? {
        guard key.slot < self.slots.count, self.slots[key.slot].sequence == key.sequence else { return nil }
        return self.slots[key.slot].position
    }

    private mutating func removeEntry(at position: Int) -> Entry {
        let last = self.entries.count - 1
        if position != last { self.swapEntries(position, last) }
        let removed = self.entries.removeLast()
        self.slots[removed.key.slot].position = nil
        self.freeSlots.append(removed.key.slot)
        if position != last {
            self.siftDown(position)
            self.siftUp(position)
        }
        return removed
    }

    private mutating func swapEntries(_ one: Int, _ other: Int) {
        self.entries.swapAt(one, other)
        self.slots[self.entries[one].key.slot].position = one
        self.slots[self.entries[other].key.slot].position = other
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.entries[child].isDue(before: self.entries[parent]) else { return }
            self.swapEntries(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var earliest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.entries.count {
                if self.entries[child].isDue(before: self.entries[earliest]) { earliest = child }
            }
            guard earliest != parent else { return }
            self.swapEntries(parent, earliest)
            parent = earliest
        }
    }
}
