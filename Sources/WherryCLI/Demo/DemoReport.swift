package import DemoShared
import Foundation

/// All that the demo measured, and which of its claims held.
package struct DemoReport: Codable, Hashable, Sendable {
    /// Whether every claim held.
    package var claimsHeld: Bool
    package var claims: [Claim]
    package var wan: WANSummary
    /// Rows of the file of airports.
    package var airports: Int
    package var steps: [StepReport]
    package var killedWorker: KilledWorker
    package var badJobs: [BadJobMeasurement]
    package var elapsedSeconds: Double

    package init(
        wan: WANSummary,
        airports: Int,
        measurements: [StepMeasurement],
        killedWorker: KilledWorker,
        badJobs: [BadJobMeasurement],
        elapsed: Duration
    ) {
        self.wan = wan
        self.airports = airports
        self.steps = measurements.map { StepReport($0, fileRows: airports) }
        self.killedWorker = killedWorker
        self.badJobs = badJobs
        self.elapsedSeconds = elapsed / .seconds(1)
        self.claims = []
        self.claimsHeld = false
        self.claims = self.judge()
        self.claimsHeld = self.claims.allSatisfy(\.held)
    }

    /// What was measured in a step; `nil` if the demo never came to it.
    package func step(_ step: DemoStep) -> StepReport? {
        self.steps.first { $0.step == step }
    }

    /// The report for programs: keys in snake case, in the order of the alphabet.
    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try String(decoding: encoder.encode(self), as: UTF8.self)
    }
}
