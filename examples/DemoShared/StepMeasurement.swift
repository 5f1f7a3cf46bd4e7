/// What the app saw while it did one step.
package struct StepMeasurement: Codable, Hashable, Sendable {
    package var step: DemoStep
    /// Rows that the step inserted.
    package var rows: Int
    /// From the step's first statement or job to the end of its last.
    package var elapsedMilliseconds: Double
    /// How long each single wait took, in the order in which they ended. Together they exceed the time elapsed where several ran at once.
    package var waitsMilliseconds: [Double]
    /// Reads on the local replica, each right after a wait.
    package var reads: Int
    /// How many of them did not see the row whose write had just been waited for.
    package var staleReads: Int
    /// Rows of this step that the replica holds in the end, and how many different airports they are. The demo counts them itself: an app
    /// should not be its own auditor.
    package var rowsFound: Int
    package var airportsFound: Int

    package init(
        step: DemoStep,
        rows: Int,
        elapsedMilliseconds: Double = 0,
        waitsMilliseconds: [Double] = [],
        reads: Int = 0,
        staleReads: Int = 0,
        rowsFound: Int = 0,
        airportsFound: Int = 0
    ) {
        self.step = step
        self.rows = rows
        self.elapsedMilliseconds = elapsedMilliseconds
        self.waitsMilliseconds = waitsMilliseconds
        self.reads = reads
        self.staleReads = staleReads
        self.rowsFound = rowsFound
        self.airportsFound = airportsFound
    }
}
