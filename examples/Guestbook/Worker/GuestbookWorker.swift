import GuestbookJobs
import WherryWorker

/// The worker: it stands in the primary's region, beside the database.
@main
struct GuestbookWorker {
    static func main() async throws {
        var handlers = Handlers()
        handlers.handle(SignGuestbook.self) { job, transaction -> Void in
            // Checked here and not in the app: whatever an older app lets through still meets today's rules.
            guard (1...60).contains(job.name.count) else {
                throw JobFailure(EntryRejected(reason: "A name has 1 to 60 letters."))
            }
            guard (1...500).contains(job.message.count) else {
                throw JobFailure(EntryRejected(reason: "A message has 1 to 500 letters."))
            }
            try await transaction.execute(
                "INSERT INTO guestbook (name, message, region) VALUES (\(job.name), \(job.message), \(job.region))")
        }
        try await Worker(handlers: handlers).run()
    }
}
