import WherryCore

/// What is under way in one direction of one connection, in order, each thing with the moment at which it arrives.
///
/// A pure machine: it is told the time.
struct DelayLine<Parcel> {
    private struct Entry {
        var parcel: Parcel
        var size: Int
        var due: MonotonicInstant
    }

    /// From `first` on; the front is cut off now and then, so that taking is cheap.
    private var entries: [Entry?] = []
    private var first = 0
    private var lastDue: MonotonicInstant?

    /// Bytes under way.
    private(set) var size = 0

    /// When the next one arrives; `nil` if nothing is under way.
    var nextDue: MonotonicInstant? {
        self.first < self.entries.count ? self.entries[self.first]?.due : nil
    }

    /// Sends something on its way; never to arrive before what was sent earlier.
    mutating func send(_ parcel: Parcel, size: Int, arriving due: MonotonicInstant) {
        let due = max(due, self.lastDue ?? due)
        self.lastDue = due
        self.size += size
        self.entries.append(Entry(parcel: parcel, size: size, due: due))
    }

    /// Takes what has arrived by now.
    mutating func take(by now: MonotonicInstant) -> Parcel? {
        guard self.first < self.entries.count, let entry = self.entries[self.first], entry.due <= now else { return nil }
        self.entries[self.first] = nil
        self.first += 1
        self.size -= entry.size
        if self.first == self.entries.count || self.first >= 1_024 {
            self.entries.removeFirst(self.first)
            self.first = 0
        }
        return entry.parcel
    }

    /// Loses everything; gives back how many bytes that was.
    mutating func lose() -> Int {
        defer { self = DelayLine() }
        return self.size
    }
}
