import WherryCore

/// How the run of one seed went.
package struct SimulationResult: Sendable {
    package var plan: SimulationPlan
    /// What was broken; `nil` if nothing.
    package var violation: String?
    /// How many handles ended how, and what else is worth counting.
    package var tally: [String: Int]
    package var events: Int
    /// Simulated time.
    package var duration: Duration
    /// What happened, if it was asked for.
    package var trace: [String]

    /// Shows the run again, with a trace.
    package var replayCommand: String { "wherry-lab simulate --seed \(self.plan.seed)" }
}
