import Testing

@testable import WherrySimulation

@Suite("The simulation")
struct SimulationTests {
    @Test("keeps every promise over many seeds, and meets what it is there for")
    func sweep() async {
        let sweep = await SimulationSweep.run(seeds: 1..<1_501)
        for failure in sweep.failures.prefix(5) {
            Issue.record("seed \(failure.plan.seed): \(failure.violation ?? "") — \(failure.replayCommand)")
        }
        #expect(sweep.count == 1_500)
        // A sweep that never met these would prove little.
        let met = [
            "visible", "failed", "cancelled", "expired", "poisoned", "lost", "not visible", "never sent", "refused cancelled", "orphaned",
            "met its twin", "waited for a lock", "deadlock", "killed its worker", "too many connections",
            "redelivered, had its receipt", "met a receipt at its end", "met another epoch", "commit in doubt", "idle in transaction",
            "stale primary", "session read done", "repeatable read done", "global read done", "visitor read done", "wait read done",
            "token exchanged",
            "second failover", "the old primary came back", "key taken",
        ]
        for what in met { #expect(sweep.tally[what, default: 0] > 0, "no seed met '\(what)'") }
        #expect(sweep.tally["visible", default: 0] > sweep.tally["undecided", default: 0] * 20)
    }

    @Test("runs the same way twice", arguments: [3, 44, 51, 93, 182, 565, 643, 1_000] as [UInt64])
    func repeats(seed: UInt64) {
        let first = Simulation.run(seed: seed, traced: true)
        let second = Simulation.run(seed: seed, traced: true)
        #expect(first.trace == second.trace)
        #expect(first.events == second.events)
        #expect(!first.trace.isEmpty)
    }

    @Test("draws plans that are the same for the same seed and differ otherwise")
    func plans() {
        #expect(SimulationPlan(seed: 9).description == SimulationPlan(seed: 9).description)
        let descriptions = Set((0..<100).map { SimulationPlan(seed: $0).description })
        #expect(descriptions.count == 100)
    }
}
