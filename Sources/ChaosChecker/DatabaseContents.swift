/// What stands in PostgreSQL when everything is over, as `psql --no-align --tuples-only` printed it.
package struct DatabaseContents: Sendable {
    package struct Transfer: Hashable, Sendable {
        package var job: String
        package var source: Int
        package var target: Int
        package var amount: Int

        package init(job: String, source: Int, target: Int, amount: Int) {
            self.job = job
            self.source = source
            self.target = target
            self.amount = amount
        }
    }

    package struct Entry: Hashable, Sendable {
        package var job: String
        package var list: String
        package var number: Int
        package var position: Int

        package init(job: String, list: String, number: Int, position: Int) {
            self.job = job
            self.list = list
            self.number = number
            self.position = position
        }
    }

    package struct Order: Hashable, Sendable {
        package var job: String
        package var key: String

        package init(job: String, key: String) {
            self.job = job
            self.key = key
        }
    }

    /// Outcomes by job.
    package var receipts: [String: String] = [:]
    /// Balances by account.
    package var accounts: [Int: Int] = [:]
    package var ledger: [Transfer] = []
    package var entries: [Entry] = []
    package var orders: [Order] = []
    /// Jobs whose handlers threw, and whose rows are there all the same.
    package var failures: [String] = []

    package init() {}

    /// A text that is not what its query gives.
    package struct Unreadable: Error {
        package var text: String
    }

    // MARK: Queries

    package static let receiptsQuery = "SELECT id, outcome FROM wherry.receipts"
    package static let accountsQuery = "SELECT id, balance FROM chaos.accounts"
    package static let ledgerQuery = "SELECT job, source, target, amount FROM chaos.ledger"
    package static let entriesQuery = "SELECT job, list, number, position FROM chaos.entries"
    package static let ordersQuery = "SELECT job, key FROM chaos.orders"
    package static let failuresQuery = "SELECT job FROM chaos.failures"

    /// Reads what the queries printed.
    ///
    /// - Parameter query: runs one.
    package static func read(_ query: (String) async throws -> String) async throws -> DatabaseContents {
        var contents = DatabaseContents()
        contents.receipts = try self.receipts(await query(self.receiptsQuery))
        for row in try await self.rows(query(self.accountsQuery), columns: 2) {
            contents.accounts[try self.number(row[0])] = try self.number(row[1])
        }
        contents.ledger = try await self.rows(query(self.ledgerQuery), columns: 4).map { row in
            Transfer(job: row[0], source: try self.number(row[1]), target: try self.number(row[2]), amount: try self.number(row[3]))
        }
        contents.entries = try await self.rows(query(self.entriesQuery), columns: 4).map { row in
            Entry(job: row[0], list: row[1], number: try self.number(row[2]), position: try self.number(row[3]))
        }
        contents.orders = try await self.rows(query(self.ordersQuery), columns: 2).map { Order(job: $0[0], key: $0[1]) }
        contents.failures = try await self.rows(query(self.failuresQuery), columns: 1).map { $0[0] }
        return contents
    }

    /// Outcomes by job, from what ``receiptsQuery`` printed.
    package static func receipts(_ text: String) throws -> [String: String] {
        Dictionary(try self.rows(text, columns: 2).map { ($0[0], $0[1]) }) { first, _ in first }
    }

    private static func rows(_ text: String, columns: Int) throws -> [[String]] {
        try text.split(separator: "\n").map { line in
            let row = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            guard row.count == columns else { throw Unreadable(text: String(line)) }
            return row
        }
    }

    private static func number(_ text: String) throws -> Int {
        guard let number = Int(text) else { throw Unreadable(text: text) }
        return number
    }
}
