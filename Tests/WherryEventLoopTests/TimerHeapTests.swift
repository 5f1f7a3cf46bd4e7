import Testing
import WherryCore
import WherryEventLoop

@Suite struct TimerHeapTests {
    private static func instant(_ nanoseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: nanoseconds)
    }

    @Test func `elements fall due in the order of their deadlines`() {
        var heap = TimerHeap<Int64>()
        for deadline: Int64 in [5, 1, 4, 1, 3, 9, 2, 6] { _ = heap.insert(deadline, at: Self.instant(deadline)) }
        #expect(heap.earliest == Self.instant(1))
        var due: [Int64] = []
        while let element = heap.popDue(at: Self.instant(5)) { due.append(element) }
        #expect(due == [1, 1, 2, 3, 4, 5])
        #expect(heap.count == 2)
        #expect(heap.earliest == Self.instant(6))
    }

    @Test func `elements of one instant come in the order in which they were inserted`() {
        var heap = TimerHeap<Int>()
        for element in 0..<100 { _ = heap.insert(element, at: .zero) }
        #expect((0..<100).allSatisfy { heap.popDue(at: .zero) == $0 })
    }

    @Test func `nothing is due before its deadline`() {
        var heap = TimerHeap<Int>()
        _ = heap.insert(1, at: Self.instant(10))
        #expect(heap.popDue(at: Self.instant(9)) == nil)
        #expect(heap.popDue(at: Self.instant(10)) == 1)
        #expect(heap.isEmpty)
        #expect(heap.earliest == nil)
    }

    @Test func `a key whose element has gone names nothing, even when its slot is used again`() {
        var heap = TimerHeap<String>()
        let old = heap.insert("old", at: .zero)
        #expect(heap.remove(old) == "old")
        #expect(heap.remove(old) == nil)
        let new = heap.insert("new", at: .zero)
        #expect(!heap.contains(old))
        #expect(heap.contains(new))
        #expect(heap.remove(old) == nil)
        #expect(heap.popDue(at: .zero) == "new")
        #expect(!heap.contains(new))
        #expect(heap.remove(new) == nil)
    }

    @Test func `a removed element is let go at once`() {
        final class Held {}
        var heap = TimerHeap<Held>()
        var held: Held? = Held()
        weak let watched = held
        let key = heap.insert(held.take() ?? Held(), at: .zero)
        #expect(watched != nil)
        heap.remove(key)
        #expect(watched == nil)
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `it agrees with a sorted list over random insertions, removals and pops`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var heap = TimerHeap<Int>()
        var model: [(deadline: Int64, element: Int, key: TimerHeap<Int>.Key)] = []
        for element in 0..<5_000 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                let deadline = Int64.random(in: 0..<1_000, using: &generator)
                let key = heap.insert(element, at: Self.instant(deadline))
                let position = model.firstIndex { $0.deadline > deadline } ?? model.endIndex
                model.insert((deadline, element, key), at: position)
            case 5..<8:
                guard let index = model.indices.randomElement(using: &generator) else { continue }
                #expect(heap.remove(model[index].key) == model[index].element)
                model.remove(at: index)
            default:
                let now = Int64.random(in: 0..<100, using: &generator)
                let expected = model.first.flatMap { $0.deadline <= now ? $0.element : nil }
                #expect(heap.popDue(at: Self.instant(now)) == expected)
                if expected != nil { model.removeFirst() }
            }
            #expect(heap.count == model.count)
            #expect(heap.earliest?.nanoseconds == model.first?.deadline)
        }
    }
}
