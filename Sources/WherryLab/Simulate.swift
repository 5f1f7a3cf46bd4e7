import ArgumentParser
import WherrySimulation

/// `wherry-lab simulate`: the whole system in one thread from one seed, over many seeds.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs clients, brokers, workers and a failing database in simulated time.",
        discussion: """
            Everything that happens is drawn from the seed, so a run that broke a promise can be had again:
            a failing seed is reported with the command that shows it. Exits with 1 if any seed failed.
            """
    )

    @Option(help: "How many seeds to run, one after the other from --first.")
    var seeds = 1_000

    @Option(help: "The first seed.")
    var first: UInt64 = 1

    @Option(help: "Run this seed only, and print what happens.")
    var seed: UInt64?

    @Option(help: "Build a fault into the world, to see that it is found: \(Mutation.allCases.map(\.rawValue).joined(separator: ", ")).")
    var mutation: String?

    @Option(help: "How many failing seeds to report before giving up.")
    var failures = 5

    func run() async throws {
        let mutation = try self.parsedMutation()
        if let seed = self.seed {
            let result = Simulation.run(seed: seed, mutation: mutation, traced: true)
            for line in result.trace { print(line) }
            print("\(result.events) events in \(result.duration) of simulated time; \(Self.text(result.tally))")
            if let violation = result.violation {
                print("FAILED: \(violation)")
                throw ExitCode.failure
            }
            return
        }
        let sweep = await SimulationSweep.run(seeds: self.first..<(self.first + UInt64(max(0, self.seeds))), mutation: mutation) { done in
            if done.isMultiple(of: 1_000) { print("\(done) seeds") }
        }
        for failure in sweep.failures.prefix(self.failures) {
            print("seed \(failure.plan.seed) FAILED: \(failure.violation ?? "")")
            print("    show it: \(failure.replayCommand)\(mutation.map { " --mutation \($0.rawValue)" } ?? "")")
        }
        print("\(sweep.count) seeds, \(sweep.failures.count) failed, \(sweep.events) events; \(Self.text(sweep.tally))")
        if !sweep.failures.isEmpty { throw ExitCode.failure }
    }

    private func parsedMutation() throws -> Mutation? {
        guard let name = self.mutation else { return nil }
        guard let mutation = Mutation(rawValue: name) else { throw ValidationError("there is no mutation '\(name)'") }
        return mutation
    }

    private static func text(_ tally: [String: Int]) -> String {
        tally.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }
}
