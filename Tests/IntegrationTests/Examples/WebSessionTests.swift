import Foundation
import ServiceLifecycle
import Testing
import WebSession
import Wherry
import WherryTestKit

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite("The recipe for web servers: a session from a cookie", .timeLimit(.minutes(2)))
struct WebSessionTests {
    /// Runs two nodes, beside the primary and beside the replica.
    private func run(_ body: (_ syd: Node, _ lax: Node, Regions) async throws -> Void) async throws {
        try await Regions.run(handlers: .notes) { regions in
            try await regions.database.psql(NotesApp.schema)
            try await regions.database.waitUntilCaughtUp()
            var configuration = regions.configuration
            configuration.region = "syd"
            configuration.database = PostgresConfiguration(regions.database.primary.keywords)
            try await WherryClient.withClient(configuration, logger: regions.logger) { client in
                let syd = try await Node(client, regions)
                let lax = try await Node(regions.client, regions)
                do {
                    try await body(syd, lax, regions)
                } catch {
                    await syd.host.abandon()
                    await lax.host.abandon()
                    throw error
                }
                try await syd.host.stop()
                try await lax.host.stop()
            }
        }
    }

    @Test func `a visitor posts in one region and sees it at once in the other, by the cookie`() async throws {
        try await self.run { syd, lax, _ in
            var visitor = Visitor()
            for number in 0..<20 {
                #expect(try await visitor.send("POST", to: number.isMultiple(of: 2) ? syd : lax, "note \(number)").status == 201)
                for node in [lax, syd] {
                    let page = try await visitor.send("GET", to: node)
                    #expect(page.status == 200)
                    #expect(page.text.split(separator: "\n").last == "note \(number)")
                }
            }
            #expect(CausalToken(visitor.cookie ?? "") != nil)
        }
    }

    @Test func `bad, forged and foreign cookies are dropped, and the visitor begins anew`() async throws {
        try await self.run { _, lax, _ in
            var visitor = Visitor()
            #expect(try await visitor.send("POST", to: lax, "hello").status == 201)
            let good = try #require(visitor.cookie.flatMap { CausalToken($0) })
            var forged = good
            forged.lsn = LSN(rawValue: .max)
            var foreign = good
            foreign.epoch.systemIdentifier += 1
            var fork = good
            fork.epoch.random += 1
            var future = good
            future.epoch.timeline = .max
            for text in ["", "nonsense", "1.2.3", "\(forged)", "\(foreign)", "\(fork)", "\(future)", String(repeating: "1.", count: 2_000)]
            {
                var stranger = Visitor(cookie: text)
                let page = try await stranger.send("GET", to: lax)
                #expect(page.status == 200, "\(text)")
                let token = try #require(stranger.cookie.flatMap { CausalToken($0) }, "\(text)")
                #expect(token.epoch == good.epoch, "\(text)")
                #expect(token.lsn.rawValue < good.lsn.rawValue + 1 << 30, "\(text)")
            }
        }
    }
}

/// One server of the app.
private struct Node {
    let host: ServiceHost
    let port: Int

    init(_ client: WherryClient, _ regions: Regions) async throws {
        let ports = AsyncStream.makeStream(of: Int.self)
        self.host = ServiceHost(
            NotesApp.make(client: client, port: 0) { port in ports.continuation.yield(port) }, logger: regions.logger)
        var iterator = ports.stream.makeAsyncIterator()
        self.port = try #require(await iterator.next())
    }
}

/// A browser with one cookie.
private struct Visitor {
    var cookie: String?

    mutating func send(_ method: String, to node: Node, _ body: String? = nil) async throws -> (status: Int, text: String) {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(node.port)/notes")))
        request.httpMethod = method
        request.httpShouldHandleCookies = false
        request.httpBody = body.map { Data($0.utf8) }
        if let cookie { request.setValue("seen=\(cookie)", forHTTPHeaderField: "Cookie") }
        let (data, response) = try await URLSession.shared.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        if let line = http.value(forHTTPHeaderField: "Set-Cookie"), line.hasPrefix("seen=") {
            self.cookie = line.dropFirst(5).split(separator: ";").first.map(String.init)
        }
        return (http.statusCode, String(decoding: data, as: UTF8.self))
    }
}
