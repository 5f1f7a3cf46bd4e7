import Foundation
import Testing
import WherryTestKit

@Suite("The example Guestbook, in a browser", .timeLimit(.minutes(3)))
struct GuestbookTests {
    /// The addresses of the app in each region, and the servers beside them.
    private struct Site: Sendable {
        var cluster: Cluster
        /// Beside the primary.
        var syd: String
        /// Beside the replica.
        var lax: String
    }

    @Test("Who signs sees it at once, in this region and with the same cookie in the other; a stranger sees what its replica has")
    func sign() async throws {
        try await Self.withSite { site in
            try await Browser.run { browser in
                let visitor = try await browser.makePage()
                try await visitor.open(site.syd)
                #expect(try await visitor.text.contains("Nobody has signed yet."))
                #expect(try await visitor.text.contains("You are in syd."))

                // From here on the replica's past stands still, until it is told to go on.
                try await site.cluster.replica.pauseReplay()
                try await Self.sign(visitor, name: "Ada", message: "Hello from the primary's region")
                #expect(try await visitor.text.contains("Hello from the primary's region"))

                let stranger = try await browser.makePage(asStranger: true)
                try await stranger.open(site.lax)
                #expect(try await stranger.text.contains("Nobody has signed yet."))

                // The visitor's request to the other region is under way; a whole page that is asked for after it arrives before it.
                let traveller = try await browser.makePage()
                async let arrival: Void = traveller.open(site.lax)
                try await traveller.waitFor("Network.requestWillBeSent", count: 1)
                try await stranger.open(site.lax)
                #expect(try await stranger.text.contains("Nobody has signed yet."))
                #expect(await traveller.count(of: "Network.responseReceived") == 0)

                try await site.cluster.replica.resumeReplay()
                try await arrival
                #expect(try await traveller.text.contains("Hello from the primary's region"))
                #expect(try await traveller.text.contains("You are in lax."))
                #expect(try await traveller.text.contains("Read from the replica in lax"))

                // The same from the replica's region: the write goes there and back before the page is shown.
                try await Self.sign(traveller, name: "Ada", message: "And hello from the other one")
                #expect(try await traveller.text.contains("And hello from the other one"))
                try await visitor.open(site.syd)
                #expect(try await visitor.text.contains("And hello from the other one"))
            }
        }
    }

    @Test("What visitors write stays text, and what the worker refuses is said on the page")
    func text() async throws {
        try await Self.withSite { site in
            try await Browser.run { browser in
                let page = try await browser.makePage()
                try await page.open(site.lax)
                let markup = "<script>document.title = 'taken'</script><b id=bold>\"bold\" & 'brave'</b>"
                try await Self.sign(page, name: "<i id=slanted>Mallory</i>", message: markup)
                #expect(try await page.text.contains(markup))
                #expect(try await page.text.contains("<i id=slanted>Mallory</i>"))
                #expect(try await page.evaluate("document.title") == "Guestbook · lax")
                #expect(try await page.evaluate("document.querySelector('#bold, #slanted')") == "null")

                // The browser keeps people from writing that much, but not programs.
                try await Self.sign(page, name: "Bob", message: String(repeating: "x", count: 501))
                #expect(try await page.text.contains("A message has 1 to 500 letters."))
                #expect(try await page.evaluate("document.querySelector('input').value") == "Bob")
                #expect(try await page.evaluate("document.querySelectorAll('li').length") == "1")
            }
        }
    }

    private static func sign(_ page: Browser.Page, name: String, message: String) async throws {
        try await page.load { try await Self.submit(page, name: name, message: message) }
    }

    private static func submit(_ page: Browser.Page, name: String, message: String) async throws {
        func literal(_ text: String) throws -> String { String(decoding: try JSONEncoder().encode(text), as: UTF8.self) }
        try await page.evaluate(
            """
            (document.querySelector('input').value = \(literal(name)), document.querySelector('textarea').value = \(literal(message)), \
            document.querySelector('form').requestSubmit())
            """)
    }

    /// Two regions with an app in each, a worker and a broker: processes of their own.
    private static func withSite(_ body: @Sendable (Site) async throws -> Void) async throws {
        var configuration = Cluster.Configuration()
        configuration.primary = "syd"
        configuration.replicas = ["lax"]
        try await Cluster.withCluster(configuration) { cluster in
            let schema = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../examples/Guestbook/schema.sql")
            try await cluster.primary.psql(String(contentsOf: schema, encoding: .utf8))
            let migrated = try await Program(
                name: "wherry", arguments: ["migrate", "up"], environment: ["DATABASE_URL": cluster.primary.url()]
            ).run()
            try #require(migrated.status == 0, "\(migrated.errors)")
            try await cluster.waitUntilCaughtUp()

            let broker = Program(name: "wherry", arguments: ["broker", "--region", "syd", "--bind", "tcp://127.0.0.1:*"])
            try await broker.whileRunning(waitingFor: Self.endpoint) { endpoint in
                let worker = Program(
                    name: "GuestbookWorker",
                    environment: ["WHERRY_REGION": "syd", "WHERRY_BROKERS": endpoint, "DATABASE_URL": cluster.primary.url()])
                try await worker.whileRunning {
                    try await Self.app("syd", database: cluster.primary.url(), endpoint).whileRunning(waitingFor: Self.address) { syd in
                        try await Self.app("lax", database: cluster.replica.url(), endpoint).whileRunning(waitingFor: Self.address) { lax in
                            try await body(Site(cluster: cluster, syd: syd, lax: lax))
                        }
                    }
                }
            }
        }
    }

    private static func app(_ region: String, database: String, _ broker: String) -> Program {
        Program(
            name: "Guestbook",
            environment: [
                "WHERRY_REGION": region, "WHERRY_PRIMARY_REGION": "syd", "WHERRY_BROKERS": broker, "DATABASE_URL": database, "PORT": "0",
            ])
    }

    private static func endpoint(_ line: String) -> String? {
        line.hasPrefix("listening on ") ? String(line.dropFirst("listening on ".count)) : nil
    }

    /// From `syd: http://127.0.0.1:41234/`.
    private static func address(_ line: String) -> String? {
        line.split(separator: " ").last.map(String.init).flatMap { $0.hasPrefix("http://") ? $0 : nil }
    }
}
