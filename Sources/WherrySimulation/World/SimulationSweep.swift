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
        let size: UInt64 = 10
        await withTaskGroup(of: [SimulationResult].self) { group in
            var next = seeds.lowerBound
            func addBatch() {
                let batch = next..<min(next + size, seeds.upperBound)
                next = batch.upperBound
                if !batch.isEmpty { group.addTask { batch.map { Simulation.run(seed: $0) } } }
            }
            // No more than keep the cores busy: whoever collects the results has its turn among them.
            for _ in 0..<8 { addBatch() }
            for await results in group {
                let before = sweep.count
                for result in results { sweep.add(result) }
                progress(before, sweep.count)
                if !stopsAtFailure || sweep.failures.isEmpty { addBatch() }
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
