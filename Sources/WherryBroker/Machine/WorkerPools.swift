internal import WherryWire

/// Who can run what: workers by the jobs that they offer, the least loaded first.
///
/// Workers that offer the same jobs form a pool. There are as many pools as kinds of workers, usually one or two, however many workers there
/// are; so finding a worker for a job looks at the top of those few.
struct WorkerPools: Sendable {
    /// How busy a worker is.
    struct Load: Comparable, Sendable {
        var held: Int
        var capacity: Int
        /// When it last got a job, counted in jobs: of equally busy ones the one that has waited longest is next.
        var lastServed: UInt64

        static func < (left: Load, right: Load) -> Bool {
            // held / capacity without the division; both are far below the square root of Int.max (WireLimits).
            let (leftShare, rightShare) = (left.held * right.capacity, right.held * left.capacity)
            return leftShare == rightShare ? left.lastServed < right.lastServed : leftShare < rightShare
        }
    }

    private struct Pool: Sendable {
        var offers: Set<Offer>
        var members = 0
        /// Those that take another write job now.
        var readyForWrites = PriorityTable<Int, Load>()
        /// Those that take another region job now.
        var readyForRegionJobs = PriorityTable<Int, Load>()
    }

    private var pools: [Int: Pool] = [:]
    private var poolsByOffers: [Set<Offer>: Int] = [:]
    private var poolsByOffer: [Offer: [Int]] = [:]
    private var poolsByWorker: [Int: Int] = [:]
    private var nextPool = 0

    /// How many workers there are, ready or not.
    var count: Int { self.poolsByWorker.count }

    /// What workers offer, sorted by name and version.
    private(set) var offers: [Offer] = []

    /// How many workers offer what.
    var workersByOffer: [Offer: Int] {
        self.poolsByOffer.mapValues { pools in pools.reduce(0) { $0 + (self.pools[$1]?.members ?? 0) } }
    }

    func isOffered(_ offer: Offer) -> Bool {
        self.poolsByOffer[offer] != nil
    }

    func offers(of worker: Int) -> Set<Offer> {
        self.poolsByWorker[worker].flatMap { self.pools[$0]?.offers } ?? []
    }

    /// Takes a worker in, or learns that it offers something else.
    mutating func join(_ worker: Int, offers: Set<Offer>) {
        if let pool = self.poolsByWorker[worker], self.pools[pool]?.offers == offers { return }
        self.leave(worker)
        let pool = self.poolsByOffers[offers] ?? self.makePool(offers)
        self.poolsByWorker[worker] = pool
        self.pools[pool]?.members += 1
    }

    mutating func leave(_ worker: Int) {
        guard let pool = self.poolsByWorker.removeValue(forKey: worker) else { return }
        self.pools[pool]?.readyForWrites.remove(worker)
        self.pools[pool]?.readyForRegionJobs.remove(worker)
        self.pools[pool]?.members -= 1
        if self.pools[pool]?.members == 0 { self.removePool(pool) }
    }

    /// Says how busy a worker is; `nil` for a kind of jobs of which it takes no more now.
    mutating func set(_ worker: Int, writes: Load?, regionJobs: Load?) {
        guard let pool = self.poolsByWorker[worker] else { return }
        if let writes {
            self.pools[pool]?.readyForWrites.set(worker, to: writes)
        } else {
            self.pools[pool]?.readyForWrites.remove(worker)
        }
        if let regionJobs {
            self.pools[pool]?.readyForRegionJobs.set(worker, to: regionJobs)
        } else {
            self.pools[pool]?.readyForRegionJobs.remove(worker)
        }
    }

    /// Whether a worker takes another job of either kind.
    func isReady(_ worker: Int) -> Bool {
        guard let pool = self.poolsByWorker[worker].flatMap({ self.pools[$0] }) else { return false }
        return pool.readyForWrites[worker] != nil || pool.readyForRegionJobs[worker] != nil
    }

    /// The least busy worker that runs such jobs and takes another one.
    func leastLoaded(for offer: Offer) -> Int? {
        let candidates = (self.poolsByOffer[offer] ?? []).compactMap { pool in
            offer.isRegionJob ? self.pools[pool]?.readyForRegionJobs.first : self.pools[pool]?.readyForWrites.first
        }
        return candidates.min { $0.priority < $1.priority }?.id
    }

    private mutating func makePool(_ offers: Set<Offer>) -> Int {
        let pool = self.nextPool
        self.nextPool += 1
        self.pools[pool] = Pool(offers: offers)
        self.poolsByOffers[offers] = pool
        for offer in offers { self.poolsByOffer[offer, default: []].append(pool) }
        self.sortOffers()
        return pool
    }

    private mutating func removePool(_ pool: Int) {
        guard let offers = self.pools.removeValue(forKey: pool)?.offers else { return }
        self.poolsByOffers[offers] = nil
        for offer in offers {
            self.poolsByOffer[offer]?.removeAll { $0 == pool }
            if self.poolsByOffer[offer]?.isEmpty == true { self.poolsByOffer[offer] = nil }
        }
        self.sortOffers()
    }

    private mutating func sortOffers() {
        self.offers = self.poolsByOffer.keys.sorted {
            ($0.name, $0.version, $0.isRegionJob ? 1 : 0) < ($1.name, $1.version, $1.isRegionJob ? 1 : 0)
        }
    }
}
