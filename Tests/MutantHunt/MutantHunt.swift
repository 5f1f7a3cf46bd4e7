import WherrySimulation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs seeds one after another until one fails: what `scripts/check-mutants` runs of each mutant. Nothing but the simulation is linked in, so
/// that a mutant is built in seconds.
///
/// Arguments: how many seeds at most, and optionally the first one. Prints the seed that failed and why, and exits with 1, as soon as there is
/// one; otherwise says how many passed and exits with 0.
@main
struct MutantHunt {
    static func main() async {
        let numbers = CommandLine.arguments.dropFirst().compactMap(UInt64.init)
        let first = numbers.dropFirst().first ?? 1
        let sweep = await SimulationSweep.run(seeds: first..<(first + (numbers.first ?? 1_000)), stopsAtFailure: true)
        guard let failure = sweep.failures.first else { return print("\(sweep.count) seeds, none failed") }
        print("\(failure.plan.seed)\t\(sweep.count)\t\(failure.violation ?? "")")
        exit(1)
    }
}
