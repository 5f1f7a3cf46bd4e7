package import DemoShared

/// What stands in the databases in the end, as `psql` tells it: the app is not asked.
package struct DemoAudit: Hashable, Sendable {
    /// The app's measurements, with the rows that the replica holds of each step.
    package var measurements: [StepMeasurement]
    package var killedWorker: KilledWorker

    /// - Parameters:
    ///   - measurements: what the app measured.
    ///   - onReplica: a line `step|rows|airports` for each step that has rows.
    ///   - onPrimary: the same of the primary.
    ///   - killed: the job whose worker was killed, and the rows it had inserted by then.
    ///   - kills: workers killed.
    ///   - receipts: a line `outcome|receipts` for each outcome that the job's id has.
    package init(
        _ measurements: [StepMeasurement], onReplica: String, onPrimary: String, killed: (jobID: String, rows: Int), kills: Int,
        receipts: String
    ) {
        let replica = Self.counts(onReplica)
        self.measurements = measurements.map { measurement in
            var measurement = measurement
            (measurement.rowsFound, measurement.airportsFound) = replica[measurement.step.rawValue] ?? (0, 0)
            return measurement
        }
        let outcomes = receipts.split(separator: "\n").map { $0.split(separator: "|") }
        self.killedWorker = KilledWorker(
            jobID: killed.jobID,
            rowsLost: killed.rows,
            kills: kills,
            rowsOnPrimary: Self.counts(onPrimary)[DemoStep.killed.rawValue]?.rows ?? 0,
            receipts: outcomes.compactMap { $0.last.flatMap { Int($0) } }.reduce(0, +),
            outcome: outcomes.compactMap { $0.first.map(String.init) }.joined(separator: ", ")
        )
    }

    private static func counts(_ lines: String) -> [String: (rows: Int, airports: Int)] {
        var counts: [String: (rows: Int, airports: Int)] = [:]
        for line in lines.split(separator: "\n") {
            let fields = line.split(separator: "|")
            guard fields.count == 3, let rows = Int(fields[1]), let airports = Int(fields[2]) else { continue }
            counts[String(fields[0])] = (rows, airports)
        }
        return counts
    }
}
