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
    private var backlog: [(isTimer: Bool, body: () -> Void)] = []
    private var alarm: MonotonicInstant?

    init(world: Simulation, name: String, index: Int) {
        self.world = world
        self.name = name
        self.index = index
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
        self.world.trace(self.name, "crashes")
        self.crash()
        self.world.after(self.world.drawDuration(.milliseconds(50), .seconds(4))) { self.start() }
        return false
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
        self.world.after(delay) { [self] in self.deliver(life: life, isTimer: true, body) }
    }

    /// The timer of its machine: fires at that time, if no earlier one is set; the machine then says when the next is due.
    final func setAlarm(_ time: MonotonicInstant?, _ fire: @escaping () -> Void) {
        guard let time, self.alarm.map({ time < $0 }) ?? true else { return }
        self.alarm = time
        let life = self.life
        self.world.at(time) { [self] in
            guard self.alarm == time else { return }
            self.alarm = nil
            self.deliver(life: life, isTimer: true, fire)
        }
    }
}
