import BulkImportJobs
import Wherry

/// The app: it stands in the replica's region, an ocean away from the primary.
@main
struct BulkImport {
    /// The loop is shown for so many rows: nobody would watch it for all of them.
    private static let rowsOfTheLoop = 20

    static func main() async throws {
        let airports = try AirportsFile.read(CommandLine.arguments.dropFirst().first ?? "examples/airports.csv")
        try await WherryClient.withClient { client in
            try await Self.importOneByOne(airports.prefix(Self.rowsOfTheLoop), client)
            try await Self.importAtOnce(airports, client)
            try await Self.countHere(client)
        }
    }

    /// Before: each turn of the loop crosses the ocean and comes back.
    private static func importOneByOne(_ airports: ArraySlice<Airport>, _ client: WherryClient) async throws {
        let time = try await ContinuousClock().measure {
            for airport in airports {
                try await client.call(AddAirport(airport: airport))
            }
        }
        Self.report("a job for each", rows: airports.count, time)
    }

    /// After: the loop crosses the ocean once.
    private static func importAtOnce(_ airports: [Airport], _ client: WherryClient) async throws {
        let time = try await ContinuousClock().measure {
            try await client.call(ImportAirports(airports: airports))
        }
        Self.report("one job for all", rows: airports.count, time)
    }

    /// The replica next door shows all of it: `call` came back only when it did.
    private static func countHere(_ client: WherryClient) async throws {
        let (airports, countries) = try await client.read { db in
            (
                try await db.scalar("SELECT count(*) FROM airports", as: Int.self),
                try await db.scalar("SELECT count(DISTINCT country) FROM airports", as: Int.self)
            )
        }
        print("on the replica here: \(airports) airports, \(countries) countries")
    }

    private static func report(_ what: String, rows: Int, _ time: Duration) {
        let inAll = Int((time / .milliseconds(1)).rounded())
        let each = (time / .milliseconds(1) / Double(rows) * 10).rounded() / 10
        print("\(what): \(rows) airports in \(inAll) ms, \(each) ms each")
    }
}
