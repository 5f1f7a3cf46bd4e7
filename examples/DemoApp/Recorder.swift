import DemoShared

/// Counts and times one step, and tells the demo how far it is.
actor Recorder {
    private var measurement: StepMeasurement
    private var done = 0
    private let start = ContinuousClock.now

    init(_ step: DemoStep, rows: Int, total: Int) throws {
        self.measurement = StepMeasurement(step: step, rows: rows)
        try JSONLine.print(AppLine.began(step: step, total: total))
    }

    /// A write was waited for.
    func waited(_ time: Duration) throws {
        self.measurement.waitsMilliseconds.append(time / .milliseconds(1))
        self.measurement.elapsedMilliseconds = (ContinuousClock.now - self.start) / .milliseconds(1)
        self.done += 1
        try JSONLine.print(AppLine.advanced(step: self.measurement.step, done: self.done))
    }

    /// The local replica was read right after a write had been waited for.
    func read(sawIt: Bool) {
        self.measurement.reads += 1
        if !sawIt { self.measurement.staleReads += 1 }
    }

    func end() throws {
        try JSONLine.print(AppLine.measured(self.measurement))
    }
}
