import WherryCore

/// Something that goes wrong in the world.
package enum Fault: Sendable {
    /// SIGKILL; another process takes its place after a while.
    case crash(Role, Int, down: Duration)
    /// SIGSTOP, then SIGCONT.
    case freeze(Role, Int, Duration)
    /// SIGTERM; another process takes its place after it has ended.
    case drain(Role, Int)
    /// Between a client or worker and a broker: what is sent is lost, or comes when it is over.
    case cut(Role, Int, broker: Int, Duration, isStall: Bool, Way)
    case restartPrimary(down: Duration)
    /// Somebody else has all of the primary's connections.
    case occupyPrimary(Duration)
    /// It comes back at an earlier position.
    case restartReplica(Int, down: Duration, keepsPercent: Int)
    case pauseReplay(Int, Duration)
    /// A standby becomes the primary without the last commits; the old one dies, or lives on and does not know.
    case promote(oldPrimaryDies: Bool, losesLast: Int, outage: Duration)

    package enum Role: String, Sendable {
        case client
        case broker
        case worker
    }

    /// Which messages a cut keeps.
    package enum Way: String, Sendable, CaseIterable {
        case both
        case toBroker
        case fromBroker
    }

    /// Draws one that makes sense in a plan.
    static func draw(_ plan: SimulationPlan, _ draw: (ClosedRange<Int>) -> Int) -> Fault {
        func role() -> (Role, Int) {
            switch draw(0...6) {
            case 0: (.client, draw(0...(plan.clients - 1)))
            case 1...3: (.broker, draw(0...(plan.brokers - 1)))
            default: (.worker, draw(0...(plan.workers - 1)))
            }
        }
        let duration = Duration.milliseconds(draw(50...4500))
        let (who, index) = role()
        switch draw(0...10) {
        case 0...2: return .crash(who == .client && draw(0...1) == 0 ? .worker : who, who == .client ? 0 : index, down: duration)
        case 3: return .freeze(who, index, duration)
        case 4: return .drain(who == .broker ? .broker : .worker, who == .broker ? index : draw(0...(plan.workers - 1)))
        case 5...6:
            let broker = draw(0...(plan.brokers - 1))
            let isStall = draw(0...1) == 0
            let way = draw(0...1) == 0 ? Way.both : Way.allCases[draw(0...2)]
            return who == .client
                ? .cut(.client, index, broker: broker, duration, isStall: isStall, way)
                : .cut(.worker, draw(0...(plan.workers - 1)), broker: broker, duration, isStall: isStall, way)
        case 7: return .restartPrimary(down: .milliseconds(draw(50...2500)))
        case 8: return .restartReplica(draw(0...(plan.clients - 1)), down: .milliseconds(draw(50...1500)), keepsPercent: draw(0...100))
        case 9: return .occupyPrimary(duration)
        default: return .pauseReplay(draw(0...(plan.clients - 1)), duration)
        }
    }
}

extension Simulation {
    func strike(_ fault: Fault) {
        self.trace("fault", "\(fault)")
        switch fault {
        case .crash(let role, let index, let down):
            let process = self.process(role, index)
            process.crash()
            self.after(down) { process.start() }
        case .freeze(let role, let index, let duration):
            let process = self.process(role, index)
            process.freeze()
            self.after(duration) { process.thaw() }
        case .drain(let role, let index):
            self.process(role, index).drain()
        case .cut(let role, let index, let broker, let duration, let isStall, let way):
            self.network.cut(self.process(role, index), self.brokers[broker], until: self.now + duration, isStall: isStall, way: way)
        case .restartPrimary(let down):
            self.database.restartPrimary(down: down)
        case .occupyPrimary(let duration):
            self.database.primary.occupy(for: duration)
        case .restartReplica(let index, let down, let keepsPercent):
            self.database.replicas[index].restart(down: down, keepsPercent: keepsPercent)
        case .pauseReplay(let index, let duration):
            self.database.replicas[index].pauseReplay(for: duration)
        case .promote(let oldPrimaryDies, let losesLast, let outage):
            self.database.promote(oldPrimaryDies: oldPrimaryDies, losesLast: losesLast, outage: outage)
        }
    }

    private func process(_ role: Fault.Role, _ index: Int) -> SimulatedProcess {
        switch role {
        case .client: self.clients[index]
        case .broker: self.brokers[index]
        case .worker: self.workers[index]
        }
    }

    /// Somebody else's writes.
    func makeNoise() {
        if self.plan.isQuiet { return }
        self.after(self.drawDuration(.milliseconds(50), .seconds(2))) {
            self.database.primary.appendNoise()
            self.makeNoise()
        }
    }
}
