import Wherry

/// Before: one airport, so the app calls it in a loop.
package struct AddAirport: Job {
    package static let name = "airports.add"

    package var airport: Airport

    package init(airport: Airport) {
        self.airport = airport
    }
}
