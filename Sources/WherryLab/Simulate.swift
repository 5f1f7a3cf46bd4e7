import ArgumentParser
import WherrySimulation

/// `wherry-lab simulate`: the whole system in one thread from one seed, over many seeds.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs clients, brokers, workers and a failing database in simulated time.",
        discussion: """
            Everything that happens is drawn from the seed, so a run that broke a promise can be had again. With --seeds, that many seeds are run,
            and a failing one is reported with the end of its trace and the command that shows all of it. With --seed alone, that seed is run and
            everything that happens is printed. Exits with 1 if any seed failed.
            """
    )

    @Option(help: "How many seeds to run, one after the other. Default: 1000, or the one of --seed.")
    var seeds: Int?

    @Option(help: "The first seed; without --seeds, the only one. Default: 1.")
    var seed: UInt64?

    @Option(help: "How many failing seeds to report in full.")
    var failures = 3

    @Option(help: "How many lines of a failing seed's trace to print.")
    var lines = 60

    func validate() throws {
        if let seeds = self.seeds, seeds < 1 { throw ValidationError("--seeds must be at least 1") }
        if self.failures < 0 || self.lines < 0 { throw ValidationError("--failures and --lines cannot be negative") }
        if let seed = self.seed, seed > UInt64(Int64.max) { throw ValidationError("--seed must be below 2^63") }
    }

    func run() async throws {
        if let seed = self.seed, self.seeds == nil { return try self.show(seed) }
        let first = self.seed ?? 1
        let clock = ContinuousClock()
        let start = clock.now
        let sweep = await SimulationSweep.run(seeds: first..<(first + UInt64(self.seeds ?? 1_000))) { before, done in
            if before / 1_000 != done / 1_000 { print("\(done) seeds") }
        }
        for failure in sweep.failures.prefix(self.failures) { self.report(failure) }
        let seconds = (clock.now - start) / .seconds(1)
        print(
            "\(sweep.count) seeds in \(Int(seconds.rounded())) s, \(sweep.failures.count) failed, \(sweep.events) events; \(Self.text(sweep.tally))"
        )
        if !sweep.failures.isEmpty { throw ExitCode.failure }
    }

    private func show(_ seed: UInt64) throws {
        let result = Simulation.run(seed: seed, traced: true)
        for line in result.trace { print(line) }
        print("\(result.events) events in \(result.duration) of simulated time; \(Self.text(result.tally))")
        if let violation = result.violation {
            print("FAILED: \(violation)")
            throw ExitCode.failure
        }
    }

    /// The end of the story: runs the seed once more, since writing everything down takes time.
    private func report(_ failure: SimulationResult) {
        let trace = Simulation.run(failure.plan, traced: true).trace
        print("seed \(failure.plan.seed) FAILED: \(failure.violation ?? "")")
        print("    \(failure.plan)")
        if trace.count > self.lines { print("    … \(trace.count - self.lines) lines before these") }
        for line in trace.suffix(self.lines) { print("    \(line)") }
        print("replay it: \(failure.replayCommand)")
    }

    private static func text(_ tally: [String: Int]) -> String {
        tally.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }
}
