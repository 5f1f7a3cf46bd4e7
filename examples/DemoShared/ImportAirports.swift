import Wherry

/// Inserts many airports one by one with a pause after each, so that there is a middle to kill its worker in; gives back how many.
package struct ImportAirports: Job {
    package static let name = "airports.import"
    package typealias Output = Int

    package var airports: [Airport]
    /// The step of the demo that wants them.
    package var step: DemoStep
    package var pauseMilliseconds: Int

    package init(airports: [Airport], step: DemoStep, pauseMilliseconds: Int) {
        self.airports = airports
        self.step = step
        self.pauseMilliseconds = pauseMilliseconds
    }
}
