import Hummingbird
public import ServiceLifecycle
public import Wherry

/// Adds a note; its output is the note's number.
public struct AddNote: Job {
    /// The job's name.
    public static let name = "notes.add"
    /// The note's number.
    public typealias Output = Int
    /// The note.
    public var text: String
}

extension Handlers {
    /// What the worker in the primary's region runs.
    public static var notes: Handlers {
        var handlers = Handlers()
        handlers.handle(AddNote.self) { job, transaction in
            try await transaction.scalar("INSERT INTO notes (text) VALUES (\(job.text)) RETURNING number::int8", as: Int.self)
        }
        return handlers
    }
}

/// A web app of two routes: `POST /notes` writes one, `GET /notes` lists them, one a line.
public enum NotesApp {
    /// The table that it needs.
    public static let schema = "CREATE TABLE notes (number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)"

    /// Makes the server.
    ///
    /// - Parameters:
    ///   - client: writes to the primary's region and reads here; whoever makes it also runs it.
    ///   - port: where to listen; 0 for any free port.
    ///   - onRunning: told the port as soon as it listens.
    public static func make(
        client: WherryClient, port: Int = 8080, onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> some Service {
        let router = Router(context: VisitorContext.self)
        router.add(middleware: SessionMiddleware(client: client))
        router.post("/notes") { request, context -> HTTPResponse.Status in
            let text = String(buffer: try await request.body.collect(upTo: 10_000))
            try await context.session.call(AddNote(text: text))
            return .created
        }
        router.get("/notes") { _, context in
            let notes = try await context.session.read { db in
                try await db.query("SELECT text FROM notes ORDER BY number", as: String.self)
            }
            return notes.joined(separator: "\n")
        }
        return Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) })
    }
}
