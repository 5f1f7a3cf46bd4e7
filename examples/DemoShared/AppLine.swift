/// What the app tells the demo that started it: one JSON object a line on its standard output.
package enum AppLine: Codable, Hashable, Sendable {
    /// A step begins; `total` is what its progress counts up to.
    case began(step: DemoStep, total: Int)
    /// So much of the step is done.
    case advanced(step: DemoStep, done: Int)
    /// A step is over.
    case measured(StepMeasurement)
    /// The last step is over.
    case refused([BadJobMeasurement])
    /// The app cannot go on.
    case gaveUp(reason: String)
}
