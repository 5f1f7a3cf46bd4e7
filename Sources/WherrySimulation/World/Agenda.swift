import Collections
import HeapModule
import WherryCore

/// What is to happen, in the order of time; things of one moment in the order in which they were planned.
struct Agenda {
    private struct Entry: Comparable {
        var time: MonotonicInstant
        var number: UInt64
        var body: () -> Void

        static func < (left: Entry, right: Entry) -> Bool {
            left.time == right.time ? left.number < right.number : left.time < right.time
        }

        static func == (left: Entry, right: Entry) -> Bool {
            left.number == right.number
        }
    }

    private var entries = Heap<Entry>()
    private var planned: UInt64 = 0

    mutating func plan(at time: MonotonicInstant, _ body: @escaping () -> Void) {
        self.planned += 1
        self.entries.insert(Entry(time: time, number: self.planned, body: body))
    }

    mutating func next() -> (time: MonotonicInstant, body: () -> Void)? {
        self.entries.popMin().map { ($0.time, $0.body) }
    }
}
