internal import WherryCore
internal import WherryWire

/// The jobs that wait for a worker: first come, first served within a client, and round robin between clients.
///
/// Every job gets the number of a round when it comes: the first that its client has no earlier job for. Jobs go by round, then by arrival.
/// (This is self-clocked fair queueing with every job counted as one: Golestani, INFOCOM 1994.) So a client that sends one job waits for at
/// most one job of each other client, however many those have waiting.
struct FairQueue: Sendable {
    /// A job's place in the order.
    struct Turn: Comparable, Sendable {
        var round: UInt64
        var arrival: UInt64

        static func < (left: Turn, right: Turn) -> Bool {
            (left.round, left.arrival) < (right.round, right.arrival)
        }
    }

    private struct Place: Sendable {
        var lane: Offer
        var client: Int
        var size: Int
    }

    private struct Share: Sendable {
        var lastRound: UInt64
        var count = 0
        var size = 0
    }

    /// One per name and version that somebody waits for; none is empty.
    private var lanes: [Offer: PriorityTable<JobID, Turn>] = [:]
    private var places: [JobID: Place] = [:]
    private var shares: [Int: Share] = [:]
    private var currentRound: UInt64 = 0
    private var arrivals: UInt64 = 0

    /// What all jobs in it occupy, in bytes.
    private(set) var size = 0

    var count: Int { self.places.count }

    func contains(_ id: JobID) -> Bool { self.places[id] != nil }
    func count(of client: Int) -> Int { self.shares[client]?.count ?? 0 }
    func size(of client: Int) -> Int { self.shares[client]?.size ?? 0 }

    /// Puts a job at the end of its client's line.
    mutating func append(_ id: JobID, lane: Offer, client: Int, size: Int) -> Turn {
        let round = max(self.currentRound, self.shares[client]?.lastRound ?? 0) + 1
        self.arrivals += 1
        let turn = Turn(round: round, arrival: self.arrivals)
        self.shares[client, default: Share(lastRound: round)].lastRound = round
        self.insert(id, lane: lane, client: client, size: size, turn: turn)
        return turn
    }

    /// Puts a job back where it was when it was taken out.
    mutating func insert(_ id: JobID, lane: Offer, client: Int, size: Int, turn: Turn) {
        precondition(self.places[id] == nil, "a job waits in one place only")
        self.lanes[lane, default: PriorityTable()].set(id, to: turn)
        self.places[id] = Place(lane: lane, client: client, size: size)
        self.shares[client, default: Share(lastRound: turn.round)].count += 1
        self.shares[client]?.size += size
        self.size += size
    }

    /// The job whose turn it is among those of one lane.
    func first(in lane: Offer) -> JobID? {
        self.lanes[lane]?.first?.id
    }

    /// The job whose turn it is among those of several lanes.
    func first(among offers: Set<Offer>) -> JobID? {
        var best: (id: JobID, priority: Turn)?
        func consider(_ lane: PriorityTable<JobID, Turn>?) {
            guard let candidate = lane?.first else { return }
            if let current = best, current.priority < candidate.priority { return }
            best = candidate
        }
        if offers.count < self.lanes.count {
            for offer in offers { consider(self.lanes[offer]) }
        } else {
            for (offer, lane) in self.lanes where offers.contains(offer) { consider(lane) }
        }
        return best?.id
    }

    /// Takes a job out because a worker gets it: the rounds move on.
    mutating func take(_ id: JobID) {
        guard let place = self.places[id], let turn = self.lanes[place.lane]?[id] else { return }
        self.currentRound = max(self.currentRound, turn.round)
        self.remove(id)
    }

    /// Takes a job out without serving it.
    mutating func remove(_ id: JobID) {
        guard let place = self.places.removeValue(forKey: id) else { return }
        self.lanes[place.lane]?.remove(id)
        if self.lanes[place.lane]?.isEmpty == true { self.lanes[place.lane] = nil }
        self.size -= place.size
        self.shares[place.client]?.count -= 1
        self.shares[place.client]?.size -= place.size
        if self.shares[place.client]?.count == 0 { self.shares[place.client] = nil }
    }

    /// All jobs, in the order of their turns.
    var jobsInOrder: [JobID] {
        let jobs: [(turn: Turn, id: JobID)] = self.places.compactMap { id, place in self.lanes[place.lane]?[id].map { ($0, id) } }
        return jobs.sorted { $0.turn < $1.turn }.map(\.id)
    }
}
