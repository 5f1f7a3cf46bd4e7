import Wherry

/// Inserts many airports at once; gives back how many.
package struct AddAirports: Job {
    package static let name = "airports.add-all"
    package typealias Output = Int

    package var airports: [Airport]
    /// The step of the demo that wants them.
    package var step: DemoStep

    package init(airports: [Airport], step: DemoStep) {
        self.airports = airports
        self.step = step
    }
}
