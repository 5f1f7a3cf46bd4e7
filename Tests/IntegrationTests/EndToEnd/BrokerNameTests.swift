import Logging
import Synchronization
import Testing
import Wherry
import WherryBroker
import WherryCore
import WherryEventLoop
import WherryTestKit
import WherryWorker
import WherryZeroMQ

@Suite("A host name stands for all brokers behind it", .timeLimit(.minutes(2)))
struct BrokerNameTests {
    /// Answers what the test says.
    private final class TestResolver: HostResolver {
        private let addresses: Locked<[String]>

        init(_ addresses: [String]) { self.addresses = Locked(addresses) }

        func answer(_ addresses: [String]) { self.addresses.withLock { $0 = addresses } }

        func resolve(_ host: String, on loop: EventLoop, _ answer: @escaping @Sendable (BrokerDirectory.Answer) -> Void) {
            let found = self.addresses.withLock { $0 }
            loop.execute { answer(host == "brokers.test" ? .addresses(found) : .failed("no such host")) }
        }
    }

    @Test func `a broker that moves to another address, here an IPv6 one, is followed by client and worker`() async throws {
        let logger = Logger(label: "names") { _ in SwiftLogNoOpLogHandler() }
        try await SharedCluster.withDatabase(from: .wherry) { database in
            let first = Broker(configuration: BrokerConfiguration(region: "syd", binds: ["tcp://127.0.0.1:*"]), logger: logger)
            let firstHost = ServiceHost(first, logger: logger)
            let port = try await first.endpoints[0].split(separator: ":").last.map(String.init) ?? ""
            let resolver = TestResolver(["127.0.0.1"])

            var worker = Worker.Configuration(
                region: "syd", brokers: ["tcp://brokers.test:\(port)"], database: PostgresConfiguration(database.primary.keywords))
            worker.resolveInterval = .milliseconds(100)
            var app = WherryClient.Configuration(
                region: "lax", primaryRegion: "syd", brokers: worker.brokers, database: PostgresConfiguration(database.replica.keywords))
            app.resolveInterval = .milliseconds(100)
            let client = try WherryClient(app, loop: .shared, context: .shared, resolver: resolver, logger: logger)
            let hosts = [
                ServiceHost(Worker(handlers: .items, configuration: worker, resolver: resolver, logger: logger), logger: logger),
                ServiceHost(client, logger: logger),
            ]
            #expect(try await client.call(AddItem(item: 1)) == 1)

            let second = ServiceHost(
                Broker(configuration: BrokerConfiguration(region: "syd", binds: ["tcp://[::1]:\(port)"]), logger: logger), logger: logger)
            resolver.answer(["::1"])
            // With the old one gone in good order, only the name leads anywhere.
            try await firstHost.stop()
            #expect(try await client.call(AddItem(item: 2), deadline: .seconds(60)) == 2)
            for host in hosts.reversed() { try await host.stop() }
            try await second.stop()
        }
    }
}
