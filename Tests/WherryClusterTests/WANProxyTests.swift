import NIOCore
import Testing
import WherryCore

@testable import WherryCluster

@Suite("The WAN proxy", .timeLimit(.minutes(1)))
struct WANProxyTests {
    private func withProxy(
        _ link: WANLink = WANLink(), deaf: Bool = false, _ body: (WANProxy, EchoServer) async throws -> Void
    ) async throws {
        let server = try await EchoServer.start(deaf: deaf)
        let proxy = try await WANProxy.start(target: server.port, link: link)
        try await body(proxy, server)
        await proxy.stop()
        try await server.stop()
    }

    /// Whether a new connection is closed or reset instead of answered.
    private func isRefused(by proxy: WANProxy) async -> Bool {
        do {
            return try await Visitor.connect(to: proxy.port).echo("ahoy") == nil
        } catch {
            return true
        }
    }

    /// How long an echo takes.
    private func echo(_ text: String, to visitor: Visitor) async throws -> Duration {
        let began = ContinuousClock.now
        let answer = try await visitor.echo(text)
        let took = ContinuousClock.now - began
        #expect(answer == text)
        return took
    }

    @Test("delays by what it is told, to a millisecond each way")
    func delay() async throws {
        try await self.withProxy(WANLink(delay: .milliseconds(20))) { proxy, _ in
            let visitor = try await Visitor.connect(to: proxy.port)
            #expect(try await self.echo("ahoy", to: visitor) >= .milliseconds(80), "the handshake's round trip and the echo's")
            // A busy machine delays the test besides the bytes: so it goes on until ten were exact, and an error of the proxy's own never ends it.
            var took: [Double] = []
            try await until("ten round trips of 40 to 42 ms") {
                took.append(try await self.echo("ahoy", to: visitor).milliseconds)
                return took.filter { $0 < 42 }.count == 10
            }
            #expect(took.allSatisfy { $0 >= 40 })
            await proxy.setLink(WANLink())
            #expect(try await self.echo("ahoy", to: visitor) < .milliseconds(40))
        }
    }

    @Test("keeps the order under jitter")
    func jitter() async throws {
        try await self.withProxy(WANLink(delay: .milliseconds(1), jitter: .milliseconds(5))) { proxy, _ in
            let visitor = try await Visitor.connect(to: proxy.port)
            let words = (100..<400).map(String.init)
            for word in words { try await visitor.send(word) }
            #expect(try await visitor.read(900) == words.joined())
        }
    }

    @Test("lets through what its bandwidth allows")
    func bandwidth() async throws {
        try await self.withProxy(WANLink(bandwidth: 2_000_000)) { proxy, _ in
            let visitor = try await Visitor.connect(to: proxy.port)
            let text = String(repeating: "x", count: 200_000)
            #expect(try await self.echo(text, to: visitor) >= .milliseconds(100))
            let counters = await proxy.counters()
            #expect(counters.bytesToTarget == 200_000)
            #expect(counters.bytesToClient == 200_000)
            #expect(counters.accepted == 1)
            #expect(counters.open == 1)
        }
    }

    @Test("stalls connections while the cable is cut, and loses nothing")
    func cut() async throws {
        try await self.withProxy { proxy, _ in
            let visitor = try await Visitor.connect(to: proxy.port)
            #expect(try await visitor.echo("one") == "one")
            await proxy.cut()
            try await visitor.send("two")
            let late = try await Visitor.connect(to: proxy.port)
            try await late.send("new")
            try await until("the new connection is accepted") { await proxy.counters().accepted == 2 }
            #expect(await proxy.counters().bytesToTarget == 3)
            await proxy.heal()
            #expect(try await visitor.read(3) == "two")
            #expect(try await late.read(3) == "new")
        }
    }

    @Test("cuts one direction and not the other", arguments: [WANDirections.toTarget, .toClient])
    func oneWay(direction: WANDirections) async throws {
        try await self.withProxy { proxy, _ in
            let visitor = try await Visitor.connect(to: proxy.port)
            #expect(try await visitor.echo("one") == "one")
            await proxy.cut(direction)
            try await visitor.send("two")
            if direction == .toClient {
                try await until("the target has it") { await proxy.counters().bytesToTarget == 6 }
            }
            #expect(await proxy.counters().bytesToClient == 3)
            await proxy.heal()
            #expect(try await visitor.read(3) == "two")
        }
    }

    @Test("refuses new connections during a cut, if told")
    func refused() async throws {
        try await self.withProxy { proxy, _ in
            await proxy.cut(newConnections: .refused)
            #expect(await self.isRefused(by: proxy))
            await proxy.heal()
            let other = try await Visitor.connect(to: proxy.port)
            #expect(try await other.echo("two") == "two")
        }
    }

    @Test("leaves connections half-open for good, and tells neither end")
    func halfOpen() async throws {
        try await self.withProxy { proxy, server in
            let visitor = try await Visitor.connect(to: proxy.port)
            #expect(try await visitor.echo("one") == "one")
            await proxy.halfOpen()
            try await visitor.send("two")
            try await visitor.finish()
            try await until("it is swallowed") { await proxy.counters().bytesSwallowed >= 3 }
            await proxy.heal()
            let other = try await Visitor.connect(to: proxy.port)
            #expect(try await other.echo("three") == "three")
            try await other.finish()
            // The first end of file that the server sees is the other's: afterwards it answers no more.
            var ends = server.ends.makeAsyncIterator()
            await ends.next()
            #expect(try await other.read(1) == nil)
            #expect(await proxy.counters().bytesToTarget == 8)
            #expect(await proxy.counters().open >= 1)
        }
    }

    @Test("resets connections, and goes on with new ones")
    func reset() async throws {
        try await self.withProxy { proxy, _ in
            let visitor = try await Visitor.connect(to: proxy.port)
            #expect(try await visitor.echo("one") == "one")
            await proxy.reset()
            let error = await #expect(throws: IOError.self) { _ = try await visitor.read(1) }
            #expect(error?.errnoCode == 104)
            #expect(await proxy.counters().reset == 1)
            #expect(await proxy.counters().open == 0)
            let other = try await Visitor.connect(to: proxy.port)
            #expect(try await other.echo("two") == "two")
        }
    }

    @Test("leads new connections somewhere else, and leaves old ones where they are")
    func retarget() async throws {
        try await self.withProxy { proxy, server in
            let old = try await Visitor.connect(to: proxy.port)
            #expect(try await old.echo("one") == "one")
            let other = try await EchoServer.start()
            await proxy.setTarget(other.port)
            let new = try await Visitor.connect(to: proxy.port)
            #expect(try await new.echo("two") == "two")
            try await other.stop()
            #expect(try await old.echo("three") == "three")
            #expect(await self.isRefused(by: proxy))
            await proxy.setTarget(server.port)
            let again = try await Visitor.connect(to: proxy.port)
            #expect(try await again.echo("four") == "four")
        }
    }

    @Test("passes an end of file on after the bytes before it, and lets the other direction go on")
    func halfClose() async throws {
        try await self.withProxy(WANLink(delay: .milliseconds(2))) { proxy, _ in
            let visitor = try await Visitor.connect(to: proxy.port)
            try await visitor.send("last words")
            try await visitor.finish()
            #expect(try await visitor.read(10) == "last words")
            #expect(try await visitor.read(1) == nil)
            try await until("the connection is forgotten") { await proxy.counters().open == 0 }
        }
    }

    @Test("resets a connection whose target does not answer")
    func unreachable() async throws {
        let server = try await EchoServer.start()
        let proxy = try await WANProxy.start(target: server.port)
        try await server.stop()
        #expect(await self.isRefused(by: proxy))
        await proxy.stop()
        await proxy.stop()
    }

    @Test("makes a sender wait whose target does not read, in bounded memory")
    func backpressure() async throws {
        try await self.withProxy(deaf: true) { proxy, _ in
            let visitor = try await Visitor.connect(to: proxy.port)
            let bytes = ByteBuffer(repeating: 7, count: 1 << 20)
            for _ in 0..<64 { await visitor.pour(bytes) }
            try await until("the proxy is full") { await proxy.counters().bytesUnderWay >= WANProxy.underWayLimit }
            // One more reading may have been on its way.
            #expect(await proxy.counters().bytesUnderWay < WANProxy.underWayLimit + (4 << 20))
            #expect(await visitor.isStuck)
            await visitor.close()
        }
    }
}
