import WherryCore

/// A process: it can crash, start anew, freeze, and be told to stop. What reaches it while it is frozen waits; what reaches it while it is
/// down, or was meant for it before it crashed, is gone.
class SimulatedProcess {
    unowned let world: Simulation
    let name: String
    let index: Int
    private(set) var isUp = false
    private(set) var isFrozen = false
    /// Counts its starts.
    private(set) var life = 0
    /// How fast its monotonic clock runs: so many of its ticks in 10,000 of the world's.
    private let clockRate: Int64
    private var backlog: [(isTimer: Bool, body: () -> Void)] = []
    private var alarm: MonotonicInstant?

    init(world: Simulation, name: String, index: Int) {
        self.world = world
        self.name = name
        self.index = index
        self.clockRate = 10_000 + Int64(world.plan.drift == 0 ? 0 : world.draw(-world.plan.drift...world.plan.drift))
    }

    // MARK: Its clock

    /// What its own clock says.
    final var now: MonotonicInstant {
        let passed = (self.world.now - Simulation.origin).saturatedNanoseconds
        return Simulation.origin + .nanoseconds(passed / 10_000 * self.clockRate + passed % 10_000 * self.clockRate / 10_000)
    }

    /// How long it takes in the world until its clock has gone on by so much.
    private final func worldly(_ duration: Duration) -> Duration {
        if self.clockRate == 10_000 { return duration }
        let nanoseconds = max(0, duration.saturatedNanoseconds)
        // Rounded up: a timer never fires early by the clock that it was set by.
        return .nanoseconds(nanoseconds / self.clockRate * 10_000 + (nanoseconds % self.clockRate + 1) * 10_000 / self.clockRate + 2)
    }

    // MARK: What befalls it

    final func start() {
        guard !self.isUp else { return }
        self.isUp = true
        self.isFrozen = false
        self.life += 1
        self.world.trace(self.name, "starts")
        self.hasStarted()
    }

    final func crash() {
        guard self.isUp else { return }
        self.end()
    }

    /// The process is gone, for whatever reason.
    final func end() {
        self.isUp = false
        self.backlog = []
        self.alarm = nil
        self.hasEnded()
    }

    final func freeze() {
        if self.isUp { self.isFrozen = true }
    }

    /// What came in meanwhile is read before timers fire, as on the event loop.
    final func thaw() {
        guard self.isUp, self.isFrozen else { return }
        self.isFrozen = false
        let backlog = self.backlog
        self.backlog = []
        for item in backlog where !item.isTimer { item.body() }
        for item in backlog where item.isTimer { item.body() }
    }

    /// SIGTERM.
    func drain() {}

    /// Now and then a process dies of what it hears.
    ///
    /// - Returns: whether it lives on.
    final func survives() -> Bool {
        guard self.world.chance(self.world.plan.brittleness / 10) else { return true }
        self.dieOf("what it hears")
        return false
    }

    /// It crashes, and another one takes its place after a while.
    final func dieOf(_ cause: String) {
        self.world.trace(self.name, "crashes of \(cause)")
        self.crash()
        self.world.after(self.world.drawDuration(.milliseconds(50), .seconds(4))) { self.start() }
    }

    // MARK: For subclasses

    func hasStarted() {}
    func hasEnded() {}

    /// Something reaches the process that was meant for its life of that number.
    final func deliver(life: Int? = nil, isTimer: Bool = false, _ body: @escaping () -> Void) {
        guard self.isUp, life ?? self.life == self.life else { return }
        if self.isFrozen {
            let now = self.life
            self.backlog.append((isTimer, { [self] in if self.isUp, self.life == now { body() } }))
        } else {
            body()
        }
    }

    /// A timer of its own.
    final func after(_ delay: Duration, _ body: @escaping () -> Void) {
        let life = self.life
        self.world.after(self.worldly(delay)) { [self] in self.deliver(life: life, isTimer: true, body) }
    }

    /// The timer of its machine: fires at that time, if no earlier one is set; the machine then says when the next is due.
    final func setAlarm(_ time: MonotonicInstant?, _ fire: @escaping () -> Void) {
        guard let time, self.alarm.map({ time < $0 }) ?? true else { return }
        self.alarm = time
        let life = self.life
        self.world.after(self.worldly(time - self.now)) { [self] in
            guard self.alarm == time else { return }
            self.alarm = nil
            self.deliver(life: life, isTimer: true, fire)
        }
    }
}
