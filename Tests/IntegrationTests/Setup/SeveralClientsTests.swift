import Configuration
import Logging
import Testing
import Wherry
import WherryTestKit

@Suite("Several clients for several databases in one process", .timeLimit(.minutes(2)))
struct SeveralClientsTests {
    private let logger = Logger(label: "several") { _ in SwiftLogNoOpLogHandler() }

    @Test func `keep their jobs, reads and tokens apart, each configured by a scope of one reader`() async throws {
        try await SharedCluster.withDatabase(from: .wherry) { first in
            try await SharedCluster.withDatabase(from: .wherry) { second in
                let environment = ["SHOP_DATABASE_URL": first.primary.url, "BILLING_DATABASE_URL": second.primary.url]
                let reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: environment))
                let shop = try WherryClient.Configuration(reader: reader.scoped(to: "shop"))
                let billing = try WherryClient.Configuration(reader: reader.scoped(to: "billing"))
                try await WherryClient.withClient(shop, handlers: .items, logger: self.logger) { shop in
                    try await WherryClient.withClient(billing, handlers: .items, logger: self.logger) { billing in
                        async let one = shop.call(AddItem(item: 1))
                        async let two = billing.call(AddItem(item: 2))
                        let values = try await [one, two]
                        #expect(values == [1, 2])
                        let items: SQL = "SELECT item FROM items"
                        #expect(try await shop.read { db in try await db.query(items, as: Int.self) } == [1])
                        #expect(try await billing.read { db in try await db.query(items, as: Int.self) } == [2])
                    }
                    #expect(try await shop.call(AddItem(item: 3)) == 3, "the one goes on when the other has stopped")
                }
                #expect(try await second.psql("SELECT count(*) FROM wherry.receipts") == "1")
            }
        }
    }
}
