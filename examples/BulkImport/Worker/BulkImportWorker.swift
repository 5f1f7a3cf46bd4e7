import BulkImportJobs
import WherryWorker

/// The worker: it stands in the primary's region, beside the database.
@main
struct BulkImportWorker {
    static func main() async throws {
        var handlers = Handlers()

        handlers.handle(AddAirport.self) { job, transaction in
            try await Self.insert(job.airport, transaction)
        }

        // The app's loop, moved to where the database is. All rows commit together, or none.
        handlers.handle(ImportAirports.self) { job, transaction in
            for airport in job.airports {
                try await Self.insert(airport, transaction)
            }
            return job.airports.count
        }

        try await Worker(handlers: handlers).run()
    }

    @Sendable private static func insert(_ airport: Airport, _ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO airports (code, city, country, latitude, longitude)
            VALUES (\(airport.code), \(airport.city), \(airport.country), \(airport.latitude), \(airport.longitude))
            ON CONFLICT (code) DO UPDATE
            SET city = excluded.city, country = excluded.country, latitude = excluded.latitude, longitude = excluded.longitude
            """)
    }
}
