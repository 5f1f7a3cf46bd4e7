/// A min-heap whose elements have identities, so that any of them can be taken out or moved in O(log n).
///
/// What waiters need: the nearest first, and nothing left behind by a timeout or a cancellation. (swift-collections' `Heap` cannot remove an
/// element from its middle.)
package struct IndexedHeap<ID: Hashable & Sendable, Key: Comparable & Sendable>: Sendable {
    private struct Node: Sendable {
        var id: ID
        var key: Key
    }

    private var nodes: [Node] = []
    private var indices: [ID: Int] = [:]

    package init() {}

    package var isEmpty: Bool { self.nodes.isEmpty }
    package var count: Int { self.nodes.count }

    /// The element with the smallest key; among equals, any.
    package var min: (id: ID, key: Key)? {
        self.nodes.first.map { ($0.id, $0.key) }
    }

    /// All elements, in no order.
    package var ids: some Sequence<ID> {
        self.nodes.lazy.map(\.id)
    }

    package func contains(_ id: ID) -> Bool {
        self.indices[id] != nil
    }

    package func key(of id: ID) -> Key? {
        self.indices[id].map { self.nodes[$0].key }
    }

    /// Puts an element in, or moves it to its new key.
    package mutating func set(_ id: ID, to key: Key) {
        if let index = self.indices[id] {
            let old = self.nodes[index].key
            self.nodes[index].key = key
            if key < old { self.rise(from: index) } else { self.sink(from: index) }
        } else {
            self.nodes.append(Node(id: id, key: key))
            self.indices[id] = self.nodes.count - 1
            self.rise(from: self.nodes.count - 1)
        }
    }

    /// Takes an element out; says whether it was there.
    @discardableResult
    package mutating func remove(_ id: ID) -> Bool {
        guard let index = self.indices.removeValue(forKey: id) else { return false }
        let last = self.nodes.removeLast()
        if index < self.nodes.count {
            self.nodes[index] = last
            self.indices[last.id] = index
            self.rise(from: index)
            self.sink(from: self.indices[last.id] ?? index)
        }
        return true
    }

    /// Takes out the smallest element if its key is not beyond `limit`.
    package mutating func popMin(upTo limit: Key) -> ID? {
        guard let first = self.nodes.first, first.key <= limit else { return nil }
        self.remove(first.id)
        return first.id
    }

    /// Elements whose key is not beyond `limit`, at most `maximum` of them, without a full order: O(result), however large the heap is.
    package func elements(upTo limit: Key, maximum: Int) -> [ID] {
        var found: [ID] = []
        var frontier = [0]
        var next = 0
        while next < frontier.count, found.count < maximum {
            let index = frontier[next]
            next += 1
            guard index < self.nodes.count, self.nodes[index].key <= limit else { continue }
            found.append(self.nodes[index].id)
            frontier.append(2 * index + 1)
            frontier.append(2 * index + 2)
        }
        return found
    }

    private mutating func rise(from start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard self.nodes[index].key < self.nodes[parent].key else { return }
            self.swap(index, parent)
            index = parent
        }
    }

    private mutating func sink(from start: Int) {
        var index = start
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < self.nodes.count && self.nodes[child].key < self.nodes[smallest].key {
                smallest = child
            }
            guard smallest != index else { return }
            self.swap(index, smallest)
            index = smallest
        }
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        self.nodes.swapAt(left, right)
        self.indices[self.nodes[left].id] = left
        self.indices[self.nodes[right].id] = right
    }
}
