import Wherry

/// A job is its arguments.
struct AddVisit: Job {
    static let name = "visits.add"
    typealias Output = Int
    var guest: String
}

@main struct Quickstart {
    static func main() async throws {
        var handlers = Handlers()
        handlers.handle(AddVisit.self) { job, db in
            try await db.execute("CREATE TABLE IF NOT EXISTS visits (id bigint GENERATED ALWAYS AS IDENTITY, guest text NOT NULL)")
            try await db.execute("INSERT INTO visits (guest) VALUES (\(job.guest))")
            return try await db.scalar("SELECT count(*) FROM visits WHERE guest = \(job.guest)", as: Int.self)
        }
        try await WherryClient.withClient(handlers: handlers) { client in
            let visits = try await client.call(AddVisit(guest: "Ada"))  // committed, once, and visible to the read below
            let guests = try await client.read { db in try await db.query("SELECT DISTINCT guest FROM visits", as: String.self) }
            print("Ada was here \(visits) time(s); guests: \(guests.joined(separator: ", "))")
        }
    }
}
