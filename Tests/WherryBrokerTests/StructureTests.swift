import Testing
import WherryCore
import WherryWire

@testable import WherryBroker

@Suite struct StructureTests {
    @Test(arguments: 1...8) func `a priority table agrees with a sorted list, whatever is put in, moved and withdrawn`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var table = PriorityTable<Int, Int>()
        var model: [(id: Int, priority: Int, serial: Int)] = []
        for serial in 0..<5_000 {
            let id = Int.random(in: 0..<60, using: &generator)
            model.removeAll { $0.id == id }
            if Int.random(in: 0..<3, using: &generator) > 0 {
                let priority = Int.random(in: 0..<20, using: &generator)
                table.set(id, to: priority)
                model.append((id, priority, serial))
            } else {
                table.remove(id)
            }
            let least = model.min { ($0.priority, $0.serial) < ($1.priority, $1.serial) }
            #expect(table.first?.id == least?.id)
            #expect(table.count == model.count)
        }
    }

    @Test func `a priority table does not grow with what was withdrawn`() {
        var table = PriorityTable<Int, Int>()
        table.set(-1, to: -1)
        for id in 0..<100_000 {
            table.set(id, to: id)
            table.remove(id)
        }
        #expect(table.footprint < 50)
        #expect(table.count == 1)
    }

    @Test func `a fair queue forgets clients that have nothing in it`() {
        var queue = FairQueue()
        var generator = SplitMix64(seed: 3)
        let lane = Offer(name: "a", version: 1)
        for client in 0..<1_000 {
            let id = JobID(unixMilliseconds: 1, using: &generator)
            _ = queue.append(id, lane: lane, client: client, size: 10)
            #expect(queue.size == 10 && queue.count(of: client) == 1 && queue.size(of: client) == 10)
            queue.remove(id)
        }
        #expect(queue.count == 0 && queue.size == 0)
        #expect(queue.first(in: lane) == nil)
        #expect(queue.first(among: [lane]) == nil)
    }

    @Test func `workers with the same offers are one pool, whatever the order of their offers`() {
        var pools = WorkerPools()
        let (a, b) = (Offer(name: "a", version: 1), Offer(name: "b", version: 2))
        pools.join(1, offers: [a, b])
        pools.join(2, offers: [b, a])
        pools.join(3, offers: [b])
        #expect(pools.offers == [a, b])
        pools.set(1, load: .init(held: 1, capacity: 2, lastServed: 0))
        pools.set(3, load: .init(held: 1, capacity: 3, lastServed: 0))
        #expect(pools.leastLoaded(for: a) == 1)
        #expect(pools.leastLoaded(for: b) == 3)
        pools.leave(3)
        #expect(pools.leastLoaded(for: b) == 1)
        pools.leave(1)
        #expect(pools.leastLoaded(for: b) == nil)
        pools.leave(2)
        #expect(pools.offers.isEmpty && pools.count == 0)
    }

    @Test(
        arguments: [
            ("kitten", "sitting", 4, 3), ("", "abc", 4, 3), ("abc", "abc", 0, 0), ("abc", "abd", 0, nil), ("flaw", "lawn", 2, 2),
            ("abcdefgh", "hgfedcba", 4, nil), ("items.create", "items.creat", 4, 1),
        ] as [(String, String, Int, Int?)])
    func `edit distances are right up to the limit`(left: String, right: String, limit: Int, expected: Int?) {
        #expect(NearestNames.distance(Array(left.utf8), Array(right.utf8), limit: limit) == expected)
        #expect(NearestNames.distance(Array(right.utf8), Array(left.utf8), limit: limit) == expected)
    }

    @Test func `suggestions are the nearest three, the nearest first`() {
        let names = ["items.create", "items.creates", "items.crate", "items.greatest", "users.create", "items.create"]
        #expect(NearestNames.nearest(to: "items.create", in: names) == ["items.create", "items.crate", "items.creates"])
        #expect(NearestNames.nearest(to: "zebra", in: names).isEmpty)
    }
}
