import Foundation
import Hummingbird
import Wherry

/// The one page there is.
enum Page {
    /// The newest entries as this session must see them, and the form.
    static func show(
        _ place: WherryClient.Configuration, _ session: Session, form: EntryForm = EntryForm(), complaint: String? = nil
    ) async throws -> Response {
        let start = ContinuousClock.now
        let entries = try await session.read { db in
            try await db.query("SELECT name, message, region, signed_at FROM guestbook ORDER BY id DESC LIMIT 50", as: Entry.self)
        }
        let milliseconds = ((ContinuousClock.now - start) / .milliseconds(1) * 10).rounded() / 10
        let server = place.region == place.primaryRegion ? "primary" : "replica"

        let html: HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Guestbook · \(place.region)</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <header>
            <h1>Guestbook</h1>
            <p>You are in <b>\(place.region)</b>. Writes go to <b>\(place.primaryRegion)</b>.</p>
            </header>
            <main>
            <form method="post" action="/">
            <label>Name <input name="name" value="\(form.name)" maxlength="60" required autocomplete="name"></label>
            <label>Message <textarea name="message" rows="3" maxlength="500" required>\(form.message)</textarea></label>
            \(complaint.map { ["<p class=\"complaint\" role=\"alert\">\($0)</p>"] as [HTML] } ?? [])
            <button>Sign</button>
            </form>
            <ol>\(entries.map(Self.item))</ol>
            \(entries.isEmpty ? ["<p class=\"nobody\">Nobody has signed yet.</p>"] as [HTML] : [])
            </main>
            <footer>Read from the \(server) in \(place.region) in \(milliseconds) ms.</footer>
            </body>
            </html>
            """
        return Response(
            status: complaint == nil ? .ok : .unprocessableContent,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .cacheControl: "no-store",
                .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
            ],
            body: .init(byteBuffer: ByteBuffer(string: html.text))
        )
    }

    private static func item(_ entry: Entry) -> HTML {
        let day = entry.signedAt.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: false).dateTimeSeparator(.space))
        return """
            <li>
            <p class="message">\(entry.message)</p>
            <p class="who"><b>\(entry.name)</b> in <span class="region">\(entry.region)</span> <time>\(day) UTC</time></p>
            </li>
            """
    }

    private static let style: HTML = """
        :root { color-scheme: light dark; --ink: light-dark(#1d2733, #e6edf3); --faint: light-dark(#5b6b7b, #93a4b5);
          --paper: light-dark(#f6f4ef, #10161d); --card: light-dark(#fff, #18212b); --line: light-dark(#ddd8cc, #2a3642);
          --accent: light-dark(#0b6e99, #58b6dc); --bad: light-dark(#b3261e, #ff8a80); }
        * { box-sizing: border-box; }
        body { margin: 0; padding: 2.5rem 1.25rem; background: var(--paper); color: var(--ink);
          font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
        header, main, footer { max-width: 38rem; margin-inline: auto; }
        h1 { margin: 0; font: 600 2.25rem/1.1 ui-serif, Georgia, serif; }
        header p, footer, .who { color: var(--faint); }
        header p { margin: .35rem 0 1.75rem; }
        header b { color: var(--accent); }
        form, li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1.1rem 1.25rem; }
        form { display: grid; gap: .85rem; }
        label { display: grid; gap: .25rem; font-weight: 600; font-size: .875rem; }
        input, textarea { font: inherit; font-weight: 400; color: inherit; background: var(--paper); padding: .5rem .65rem;
          border: 1px solid var(--line); border-radius: .4rem; resize: vertical; }
        :is(input, textarea, button):focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
        button { justify-self: start; font: inherit; font-weight: 600; padding: .5rem 1.4rem; color: var(--card);
          background: var(--accent); border: 0; border-radius: .4rem; cursor: pointer; }
        ol { list-style: none; margin: 1.5rem 0 0; padding: 0; display: grid; gap: .75rem; }
        li p { margin: 0; overflow-wrap: anywhere; }
        .message { white-space: pre-wrap; }
        .who { margin-top: .5rem; font-size: .875rem; }
        .who b { color: var(--ink); }
        .region { color: var(--accent); font-weight: 600; }
        .complaint { margin: 0; color: var(--bad); }
        .nobody { color: var(--faint); text-align: center; }
        footer { margin-top: 1.5rem; font-size: .8125rem; text-align: center; }
        """
}
