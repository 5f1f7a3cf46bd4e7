/// Many seeds, on all cores; each run by itself is in one thread.
package struct SimulationSweep: Sendable {
    package private(set) var count = 0
    package private(set) var events = 0
    package private(set) var tally: [String: Int] = [:]
    /// By seed.
    package private(set) var failures: [SimulationResult] = []

    /// Runs a range of seeds.
    ///
    /// - Parameters:
    ///   - stopsAtFailure: begins no more seeds once one has failed.
    ///   - progress: is called with the numbers of seeds that were done before and are done now.
    @concurrent
    package static func run(
        seeds: Range<UInt64>, stopsAtFailure: Bool = false, progress: @Sendable (_ before: Int, _ done: Int) -> Void = { _, _ in }
    ) async -> SimulationSweep {
        var sweep = SimulationSweep()
        let stride: UInt64 = 10
        await withTaskGroup(of: [SimulationResult].self) { group in
            for first in Swift.stride(from: seeds.lowerBound, to: seeds.upperBound, by: Int(stride)) {
                group.addTask {
                    (first..<min(first + stride, seeds.upperBound)).lazy.prefix { _ in !Task.isCancelled }.map { Simulation.run(seed: $0) }
                }
            }
            for await results in group {
                let before = sweep.count
                for result in results { sweep.add(result) }
                progress(before, sweep.count)
                if stopsAtFailure, !sweep.failures.isEmpty { group.cancelAll() }
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
