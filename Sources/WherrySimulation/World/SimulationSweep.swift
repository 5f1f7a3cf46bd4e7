/// Many seeds, on all cores; each run by itself is in one thread.
package struct SimulationSweep: Sendable {
    package private(set) var count = 0
    package private(set) var events = 0
    package private(set) var tally: [String: Int] = [:]
    /// By seed.
    package private(set) var failures: [SimulationResult] = []

    /// Runs a range of seeds.
    ///
    /// - Parameter progress: is called with the number of seeds that are done.
    @concurrent
    package static func run(
        seeds: Range<UInt64>, mutation: Mutation? = nil, progress: @Sendable (Int) -> Void = { _ in }
    ) async -> SimulationSweep {
        var sweep = SimulationSweep()
        let stride: UInt64 = 50
        await withTaskGroup(of: [SimulationResult].self) { group in
            for first in Swift.stride(from: seeds.lowerBound, to: seeds.upperBound, by: Int(stride)) {
                group.addTask {
                    (first..<min(first + stride, seeds.upperBound)).map { Simulation.run(seed: $0, mutation: mutation) }
                }
            }
            for await results in group {
                for result in results { sweep.add(result) }
                progress(sweep.count)
            }
        }
        sweep.failures.sort { $0.plan.seed < $1.plan.seed }
        return sweep
    }

    private mutating func add(_ result: SimulationResult) {
        self.count += 1
        self.events += result.events
        self.tally.merge(result.tally, uniquingKeysWith: +)
        if result.violation != nil { self.failures.append(result) }
    }
}
