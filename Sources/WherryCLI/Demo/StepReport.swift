package import DemoShared

/// One step of the demo in numbers.
package struct StepReport: Codable, Hashable, Sendable {
    package var step: DemoStep
    package var rows: Int
    package var elapsedMilliseconds: Double
    /// Half of the step's waits were no longer than this.
    package var medianWaitMilliseconds: Double
    package var longestWaitMilliseconds: Double
    /// What the whole file would take this way. Measured where the step inserted the whole file; otherwise worked out from the rows that it
    /// did insert, and ``isExtrapolated`` says so.
    package var wholeFileMilliseconds: Double
    package var isExtrapolated: Bool
    package var reads: Int
    package var staleReads: Int
    /// Rows in the replica in the end, and how many different airports they are.
    package var rowsFound: Int
    package var airportsFound: Int

    /// - Parameter fileRows: how many rows the whole file has.
    package init(_ measurement: StepMeasurement, fileRows: Int) {
        let waits = Quantiles(measurement.waitsMilliseconds)
        self.step = measurement.step
        self.rows = measurement.rows
        self.elapsedMilliseconds = measurement.elapsedMilliseconds
        self.medianWaitMilliseconds = waits?.median ?? 0
        self.longestWaitMilliseconds = waits?.largest ?? 0
        self.isExtrapolated = measurement.rows < fileRows
        self.wholeFileMilliseconds =
            self.isExtrapolated && measurement.rows > 0
            ? measurement.elapsedMilliseconds / Double(measurement.rows) * Double(fileRows)
            : measurement.elapsedMilliseconds
        self.reads = measurement.reads
        self.staleReads = measurement.staleReads
        self.rowsFound = measurement.rowsFound
        self.airportsFound = measurement.airportsFound
    }
}
