import DemoShared
import WherryWorker

/// What the demo's worker can do.
enum DemoHandlers {
    static func make() -> Handlers {
        var handlers = Handlers()

        handlers.handle(AddAirport.self) { job, transaction in
            try await insert(job.airport, step: job.step, transaction)
        }

        // Bulk goes by arrays: one statement, however many rows.
        handlers.handle(AddAirports.self) { job, transaction in
            let airports = job.airports
            return try await transaction.execute(
                """
                INSERT INTO airports (step, code, city, country, latitude, longitude)
                SELECT \(job.step.rawValue), * FROM unnest(
                    \(airports.map(\.code))::text[], \(airports.map(\.city))::text[], \(airports.map(\.country))::text[],
                    \(airports.map(\.latitude))::double precision[], \(airports.map(\.longitude))::double precision[])
                """)
        }

        handlers.handle(ImportAirports.self) { job, transaction, context in
            for (index, airport) in job.airports.enumerated() {
                try await insert(airport, step: job.step, transaction)
                // Tells the demo that this is the moment to kill this process.
                if index + 1 == job.airports.count / 2 {
                    try JSONLine.print(WorkerLine.halfway(jobID: "\(context.id)", rows: index + 1))
                }
                try await Task.sleep(for: .milliseconds(job.pauseMilliseconds))
            }
            return job.airports.count
        }

        return handlers
    }

    @Sendable private static func insert(_ airport: Airport, step: DemoStep, _ transaction: Transaction) async throws {
        guard (-90...90).contains(airport.latitude), (-180...180).contains(airport.longitude) else {
            throw JobFailure(InvalidAirport(airport))
        }
        try await transaction.execute(
            """
            INSERT INTO airports (step, code, city, country, latitude, longitude)
            VALUES (\(step.rawValue), \(airport.code), \(airport.city), \(airport.country), \(airport.latitude), \(airport.longitude))
            """)
    }
}
