import WherryCore

/// Who takes part in a run, what they want, and what befalls them: all drawn from the seed.
package struct SimulationPlan: Sendable {
    /// How the network treats single messages.
    package enum Weather: String, Sendable {
        /// As ZeroMQ over TCP: in order, each once, until a connection breaks.
        case fair
        /// Worse than any transport: messages are lost, doubled and overtake each other. REQUESTs from clients are not doubled: that would break
        /// what the hint of design.md's step 7 stands on (model/README.md, W_DOUBLED), and ZeroMQ does not.
        case stormy
    }

    package struct PlannedJob: Sendable {
        package var client: Int
        package var time: Duration
        package var deadline: Duration
        /// When its caller gives up, counted from the submission.
        package var cancelAfter: Duration?
        package var behaviour: Behaviour
        /// Its idempotency key.
        package var key: String?
    }

    package struct PlannedRead: Sendable {
        package var client: Int
        package var time: Duration
    }

    /// What a job's handler does.
    package enum Behaviour: String, Sendable, CaseIterable {
        case returns
        case fails
        /// Returns at one time and fails at another, and serialization failures besides.
        case moody
        /// Takes seconds, and now and then more than the server lets a transaction stand idle.
        case slow
        /// Fails at COMMIT, by a deferred constraint.
        case deferredConstraint
        /// Locks a row that no other job wants, and fails if it is not free at once (`NOWAIT`).
        case impatient
        /// Locks rows that others lock too, in either order.
        case crowded
        /// Returns although a statement of it failed.
        case swallows
        /// Kills the worker that runs it.
        case deadly
    }

    package struct PlannedFault: Sendable {
        package var time: Duration
        package var kind: Fault
    }

    package let seed: UInt64
    package var clients: Int
    package var brokers: Int
    package var workers: Int
    /// Each worker's.
    package var concurrency: Int
    /// How many jobs a broker queues; small ones make `overloaded` common.
    package var queuedJobs: Int
    package var weather: Weather
    /// The brokers', and so everybody's; the dead are missed after three of them.
    package var heartbeatInterval: Duration
    /// One way, between regions.
    package var delay: Duration
    /// How likely each single step of a database session is its last, and each message that a broker or worker hears a tenth as likely.
    package var brittleness: Double
    /// Of the replicas.
    package var lag: Duration
    /// How far the processes' monotonic clocks are off at most, in parts of ten thousand.
    package var drift: Int
    /// Nobody else writes: a position that is not reached by what jobs write is never reached.
    package var isQuiet: Bool
    package var jobs: [PlannedJob]
    /// Besides those that follow a job.
    package var reads: [PlannedRead]
    package var faults: [PlannedFault]

    /// When everything must have ended: the last deadline, the fence after it, and some.
    package var end: Duration {
        (self.jobs.map { $0.time + $0.deadline }.max() ?? .zero) + .seconds(10)
    }

    /// Nothing goes wrong but what jobs do themselves.
    package let isCalm: Bool

    /// Draws a plan.
    package init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        func milliseconds(_ range: ClosedRange<Int>) -> Duration { .milliseconds(draw(range)) }
        let isCalm = draw(0...9) == 0
        self.seed = seed
        self.isCalm = isCalm
        self.clients = draw(0...3) == 0 ? 2 : 1
        self.brokers = draw(1...2)
        self.workers = draw(1...2)
        self.concurrency = draw(1...3)
        self.queuedJobs = draw(0...4) == 0 ? 1 : 100
        self.weather = !isCalm && draw(0...2) == 0 ? .stormy : .fair
        self.heartbeatInterval = milliseconds(draw(0...1) == 0 ? 200...400 : 1000...1000)
        self.delay = milliseconds(1...120)
        self.brittleness = isCalm ? 0 : [0, 0, 0.01, 0.06][draw(0...3)]
        self.lag = milliseconds(0...300)
        self.drift = [0, 0, 30, 200][draw(0...3)]
        self.isQuiet = draw(0...2) == 0
        let clients = self.clients
        self.jobs = (0..<draw(1...4)).map { _ in
            var behaviour = draw(0...1) == 0 ? Behaviour.returns : Behaviour.allCases[draw(0...(Behaviour.allCases.count - 1))]
            // It takes long, for nothing but itself.
            if behaviour == .deadly, isCalm || draw(0...2) > 0 { behaviour = .impatient }
            return PlannedJob(
                client: draw(0...(clients - 1)),
                time: milliseconds(0...2500),
                deadline: isCalm || behaviour == .deadly ? .seconds(30) : milliseconds(500...9000),
                cancelAfter: !isCalm && draw(0...3) == 0 ? milliseconds(1...draw(10...5000)) : nil,
                behaviour: behaviour,
                key: draw(0...5) == 0 ? "key" : nil
            )
        }
        self.reads = (0..<draw(0...2)).map { _ in PlannedRead(client: draw(0...(clients - 1)), time: milliseconds(500...5000)) }
        self.faults = []
        self.gather(draw)
        guard !isCalm else { return }
        // Most faults are aimed at a job that is under way: what strikes in between finds nothing to break.
        let jobs = self.jobs
        func time() -> Duration {
            draw(0...4) == 0 ? milliseconds(0...6000) : jobs[draw(0...(jobs.count - 1))].time + milliseconds(0...draw(20...1500))
        }
        let kinds = (0..<draw(0...6)).map { _ in Fault.draw(self, draw) }
        self.faults += kinds.map { PlannedFault(time: time(), kind: $0) }
        // Now and then one failover follows another.
        for _ in 0..<[0, 0, 0, 0, 1, 1, 2][draw(0...6)] {
            let kind = Fault.promote(oldPrimaryDies: draw(0...1) == 0, losesLast: draw(0...4), outage: milliseconds(0...1500))
            self.faults.append(PlannedFault(time: time(), kind: kind))
        }
    }
}

extension SimulationPlan {
    /// Now and then all jobs want the same, at nearly the same time: what needs two of a kind to go wrong would hardly ever happen by chance.
    private mutating func gather(_ draw: (ClosedRange<Int>) -> Int) {
        let theme = draw(0...11)
        guard theme < 3 else { return }
        for index in self.jobs.indices {
            self.jobs[index].time = .milliseconds(500 + draw(0...300))
            switch theme {
            case 0: self.jobs[index].behaviour = .crowded
            case 1:
                // A worker is cut off while it runs them, so that others get them too.
                self.jobs[index].behaviour = .impatient
                self.workers = 2
                guard index == 0, !self.isCalm else { continue }
                self.heartbeatInterval = .milliseconds(draw(200...300))
                let (worker, duration, way) = (draw(0...1), Duration.milliseconds(draw(800...3000)), Fault.Way.allCases[draw(0...2)])
                let cut = Fault.cut(.worker, worker, broker: 0, duration, isStall: draw(0...1) == 0, way)
                self.faults.append(PlannedFault(time: self.jobs[0].time + .milliseconds(draw(100...600)), kind: cut))
            default:
                if self.jobs[index].behaviour != .deadly { self.jobs[index].behaviour = .returns }
                self.jobs[index].key = "key"
            }
        }
    }
}

extension SimulationPlan: CustomStringConvertible {
    package var description: String {
        let jobs = self.jobs.map {
            "\($0.behaviour)\($0.key.map { " under \($0)" } ?? "") at \($0.time) for \($0.deadline)\($0.cancelAfter.map { ", cancelled after \($0)" } ?? "")"
        }
        let faults = self.faults.map { "\($0.kind) at \($0.time)" }
        return """
            seed \(self.seed): \(self.clients) clients, \(self.brokers) brokers, \(self.workers) workers × \(self.concurrency), \
            \(self.weather) weather, delay \(self.delay), brittleness \(self.brittleness), lag \(self.lag), \
            drift \(self.drift)\(self.isQuiet ? ", quiet" : ""); jobs: \(jobs.joined(separator: "; ")); \
            faults: \(faults.isEmpty ? "none" : faults.joined(separator: "; "))
            """
    }
}
