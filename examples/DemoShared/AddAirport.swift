import Wherry

/// Inserts one airport.
package struct AddAirport: Job {
    package static let name = "airports.add"

    package var airport: Airport
    /// The step of the demo that wants it.
    package var step: DemoStep

    package init(airport: Airport, step: DemoStep) {
        self.airport = airport
        self.step = step
    }
}
