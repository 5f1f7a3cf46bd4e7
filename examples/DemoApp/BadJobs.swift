import DemoShared
import Wherry

/// A job that no worker has a handler for; its name is almost right.
struct AddAirpot: Job {
    static let name = "airports.ad"

    var airport: Airport
}

/// What an app sends that was built before ``AddAirport`` got its present arguments.
struct OutdatedAddAirport: Job {
    static let name = AddAirport.name

    var code: String
}
