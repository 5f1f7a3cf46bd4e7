import Testing
import Wherry
import WherryCore

@Suite("An indexed heap")
struct IndexedHeapTests {
    @Test("gives its elements in order of their keys, whatever was put in, moved and taken out", arguments: 1...20)
    func agreesWithAModel(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var heap = IndexedHeap<Int, Int>()
        var model: [Int: Int] = [:]
        for _ in 0..<500 {
            let id = Int.random(in: 0..<60, using: &random)
            if Bool.random(using: &random) {
                let key = Int.random(in: 0..<40, using: &random)
                heap.set(id, to: key)
                model[id] = key
            } else {
                #expect(heap.remove(id) == (model.removeValue(forKey: id) != nil))
            }
            #expect(heap.count == model.count)
            #expect(heap.min?.key == model.values.min())
        }
        let limit = 20
        #expect(Set(heap.elements(upTo: limit, maximum: .max)) == Set(model.filter { $0.value <= limit }.keys))
        var order: [Int] = []
        while let id = heap.popMin(upTo: .max) { order.append(model[id] ?? -1) }
        #expect(order == model.values.sorted())
    }

    @Test("names no more elements than were asked for, and none beyond the limit")
    func elementsAreBounded() {
        var heap = IndexedHeap<Int, Int>()
        for id in 0..<100 { heap.set(id, to: id) }
        #expect(heap.elements(upTo: 50, maximum: 10).count == 10)
        #expect(heap.elements(upTo: 50, maximum: 10).allSatisfy { $0 <= 50 })
        #expect(heap.elements(upTo: -1, maximum: 10).isEmpty)
        #expect(heap.elements(upTo: 50, maximum: 0).isEmpty)
    }
}
