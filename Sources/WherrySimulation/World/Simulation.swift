import WherryCore

/// Clients, brokers, workers, a primary and its replicas in one thread, from one seed: the real machines in a made-up world.
///
/// Everything that happens is drawn from the seed, so a run that went wrong goes wrong again. The invariants (``Ledger``) are checked whenever
/// something is told or committed, not at the end only.
package final class Simulation {
    /// More events than this are a machine that does not come to rest. A run takes a few thousand.
    package static let maximumEvents = 200_000
    /// The clock starts here, as a real one never stands at zero.
    static let origin = MonotonicInstant(nanoseconds: 1_000_000_000_000)
    /// What the primary's clock says at `origin`, in milliseconds since 1970.
    static let originUnixMilliseconds: Int64 = 1_700_000_000_000

    let plan: SimulationPlan
    private(set) var now = Simulation.origin
    var random: SplitMix64
    private var agenda = Agenda()
    private(set) var eventCount = 0
    private var lines: [String]?
    private var numbers = 0

    let ledger = Ledger()
    let network = SimulatedNetwork()
    private(set) var database: ModelCluster!
    private(set) var brokers: [SimulatedBroker] = []
    private(set) var workers: [SimulatedWorker] = []
    private(set) var clients: [SimulatedClient] = []

    /// Runs one seed to its end.
    ///
    /// - Parameters:
    ///   - seed: decides everything.
    ///   - traced: whether to write down what happens; costs time.
    package static func run(seed: UInt64, traced: Bool = false) -> SimulationResult {
        Self.run(SimulationPlan(seed: seed), traced: traced)
    }

    /// Runs a plan to its end.
    package static func run(_ plan: SimulationPlan, traced: Bool = false) -> SimulationResult {
        let simulation = Simulation(plan: plan, traced: traced)
        simulation.run()
        defer { simulation.tearDown() }
        return SimulationResult(
            plan: plan,
            violation: simulation.ledger.violation,
            tally: simulation.ledger.tally,
            events: simulation.eventCount,
            duration: simulation.now - Self.origin,
            trace: simulation.lines ?? []
        )
    }

    private init(plan: SimulationPlan, traced: Bool) {
        self.plan = plan
        self.random = SplitMix64(seed: plan.seed &+ 0xA5A5_5A5A)
        self.lines = traced ? [] : nil
    }

    private func run() {
        self.ledger.world = self
        self.network.world = self
        self.database = ModelCluster(world: self, replicas: self.plan.clients + 1)
        self.brokers = (0..<self.plan.brokers).map { SimulatedBroker(world: self, index: $0) }
        self.workers = (0..<self.plan.workers).map { SimulatedWorker(world: self, index: $0) }
        self.clients = (0..<self.plan.clients).map { SimulatedClient(world: self, index: $0) }
        self.trace("plan", self.plan.description)
        let processes: [SimulatedProcess] = self.brokers + self.workers + self.clients
        for process in processes { self.after(.milliseconds(self.draw(0...200))) { process.start() } }
        for job in self.plan.jobs { self.at(Self.origin + job.time) { self.clients[job.client].submit(job) } }
        for read in self.plan.reads {
            self.at(Self.origin + read.time) { self.clients[read.client].read(.drawn(self)) }
        }
        for fault in self.plan.faults { self.at(Self.origin + fault.time) { self.strike(fault.kind) } }
        self.makeNoise()

        let end = Self.origin + self.plan.end
        while self.ledger.violation == nil, !self.isOver, let (time, body) = self.agenda.next() {
            guard time <= end else {
                self.now = end
                break
            }
            self.now = time
            self.eventCount += 1
            if self.eventCount > Self.maximumEvents {
                self.ledger.fail("\(Self.maximumEvents) events, and still no rest")
                break
            }
            body()
        }
        self.ledger.finish()
        if let violation = self.ledger.violation { self.trace("VIOLATION", violation) }
    }

    /// All jobs were submitted, all handles and reads have ended.
    private var isOver: Bool {
        self.ledger.submitted == self.plan.jobs.count && self.ledger.openHandles == 0 && self.clients.allSatisfy { $0.openReads == 0 }
    }

    /// What the agenda still holds keeps processes alive, and they the agenda.
    private func tearDown() {
        self.agenda = Agenda()
        self.brokers = []
        self.workers = []
        self.clients = []
        self.database = nil
    }

    // MARK: For everybody in the world

    func at(_ time: MonotonicInstant, _ body: @escaping () -> Void) {
        self.agenda.plan(at: max(time, self.now), body)
    }

    func after(_ delay: Duration, _ body: @escaping () -> Void) {
        self.agenda.plan(at: self.now + max(delay, .zero), body)
    }

    func trace(_ who: @autoclosure () -> String, _ what: @autoclosure () -> String) {
        guard self.lines != nil else { return }
        let milliseconds = (self.now - Self.origin).milliseconds
        let time = String(Int(milliseconds * 100))
        let padded = String(repeating: " ", count: max(0, 8 - time.count)) + time
        self.lines?.append("\(padded.dropLast(2)).\(padded.suffix(2)) ms  \(who())  \(what())")
    }

    var isTraced: Bool { self.lines != nil }

    /// The primary's clock.
    var unixMilliseconds: Int64 {
        Self.originUnixMilliseconds + (self.now - Self.origin).saturatedNanoseconds / 1_000_000
    }

    /// Numbers that only grow.
    func nextNumber() -> Int {
        self.numbers += 1
        return self.numbers
    }

    func draw(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self.random)
    }

    func chance(_ probability: Double) -> Bool {
        probability > 0 && Double.random(in: 0..<1, using: &self.random) < probability
    }

    /// A duration between two, even over their logarithms: mostly short, now and then long.
    func drawDuration(_ shortest: Duration, _ longest: Duration) -> Duration {
        let low = Double(max(1, shortest.saturatedNanoseconds))
        let ratio = Double(longest.saturatedNanoseconds) / low
        guard ratio > 1 else { return shortest }
        // Powers of two and a straight line between them: `log` and `pow` may differ between machines.
        let position = Double.random(in: 0..<1, using: &self.random)
        var doublings = 0.0
        var reached = 1.0
        while reached * 2 <= ratio {
            reached *= 2
            doublings += 1
        }
        let exponent = position * (doublings + ratio / reached - 1)
        let whole = exponent.rounded(.down)
        let scale = Double(1 << Int(whole)) * (1 + exponent - whole)
        return .nanoseconds(Int64(low * min(scale, ratio)))
    }
}
