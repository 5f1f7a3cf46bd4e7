import Wherry

/// After: all airports, so that the loop runs where the database is. Gives back how many.
package struct ImportAirports: Job {
    package static let name = "airports.import"
    package typealias Output = Int

    package var airports: [Airport]

    package init(airports: [Airport]) {
        self.airports = airports
    }
}
