import Synchronization
import Testing
import WherryTestKit

@testable import WherryPostgres

@Suite("A transaction's scopes", .postgres, .timeLimit(.minutes(2)))
struct TransactionTests {
    private struct Undo: Error {}

    private final class Flag: Sendable {
        let value = Atomic(false)
    }

    /// Which rows stand.
    private static func rows(_ session: some PostgresSession) async throws -> [String] {
        try await session.query("SELECT what FROM wherry_scopes ORDER BY what", as: String.self)
    }

    private static func withTable(_ body: (PostgresConnection, Transaction) async throws -> Void) async throws {
        try await PostgresBench.withConnection { connection in
            _ = try await connection.query(
                "CREATE TEMPORARY TABLE wherry_scopes (what text, transaction xid8 DEFAULT pg_current_xact_id())")
            try await PostgresBench.withTransaction(on: connection) { try await body(connection, $0) }
        }
    }

    @Test func `savepoints nest, each undone alone`() async throws {
        try await Self.withTable { _, transaction in
            try await transaction.withSavepoint {
                try await transaction.execute("INSERT INTO wherry_scopes VALUES ('outer')")
                await #expect(throws: Undo.self) {
                    try await transaction.withSavepoint {
                        try await transaction.execute("INSERT INTO wherry_scopes VALUES ('undone')")
                        throw Undo()
                    }
                }
                try await transaction.withSavepoint { _ = try await transaction.execute("INSERT INTO wherry_scopes VALUES ('inner')") }
            }
            #expect(try await Self.rows(transaction) == ["inner", "outer"])
            #expect(await transaction.firstFailure == nil)
        }
    }

    @Test func `a failed statement spoils its savepoint only, and cannot be swallowed there`() async throws {
        try await Self.withTable { _, transaction in
            await #expect(throws: PostgresError.self) {
                try await transaction.withSavepoint {
                    try await transaction.execute("INSERT INTO wherry_scopes VALUES ('undone')")
                    _ = try? await transaction.execute("SELECT 1/0")
                }
            }
            try await transaction.execute("INSERT INTO wherry_scopes VALUES ('after')")
            #expect(try await Self.rows(transaction) == ["after"])
            #expect(await transaction.firstFailure == nil)
        }
    }

    @Test func `statements of other tasks never slip into a savepoint, nor past the end`() async throws {
        try await PostgresBench.withConnection { connection in
            _ = try await connection.query(
                "CREATE TEMPORARY TABLE wherry_scopes (what text, transaction xid8 DEFAULT pg_current_xact_id())")
            for round in 0..<20 {
                let endsSuddenly = round.isMultiple(of: 2)
                let isOver = Flag()
                _ = try await connection.query("BEGIN")
                let transaction = await Transaction(connection: connection)
                let kept = try await withThrowingTaskGroup(of: [String].self) { group in
                    for task in 0..<8 {
                        let name = "\(round)-\(task)"
                        group.addTask {
                            try await Self.storm(transaction, name: name, undoes: !task.isMultiple(of: 2)) {
                                isOver.value.load(ordering: .relaxed)
                            }
                        }
                    }
                    // One of them ends it, half of the times under the others, who hear of it as `transactionEnded`.
                    group.addTask {
                        for _ in 0..<10 { _ = try await transaction.execute("SELECT 1") }
                        if endsSuddenly { await transaction.end() }
                        isOver.value.store(true, ordering: .relaxed)
                        return []
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                let failure = await transaction.end()
                #expect(await connection.perform(Flight("COMMIT"))[0][0].result?.commandTag == "COMMIT")
                let found = try await connection.query("SELECT what FROM wherry_scopes", as: String.self)
                #expect(
                    Set(found).isSuperset(of: kept),
                    "round \(round): \(Set(kept).subtracting(found)) were undone by somebody else's rollback")
                let undone = found.filter { $0.hasSuffix("undone") }
                if let failure {
                    #expect(endsSuddenly && failure.code == .transactionEnded, "\(failure)")
                    #expect(undone.count <= 1, "at most the one that was open")
                } else {
                    #expect(undone.isEmpty)
                }
                #expect(try await connection.scalar("SELECT count(DISTINCT transaction) FROM wherry_scopes", as: Int.self) <= 1)
                _ = try await connection.query("TRUNCATE wherry_scopes")
            }
        }
    }

    /// Inserts in and out of savepoints until it is over or the transaction ends; returns what must stand.
    private static func storm(
        _ transaction: Transaction, name: String, undoes: Bool, isOver: () -> Bool
    ) async throws -> [String] {
        var kept: [String] = []
        var number = 0
        do {
            while !isOver() {
                number += 1
                try await transaction.execute("INSERT INTO wherry_scopes VALUES (\("\(name)-\(number)"))")
                kept.append("\(name)-\(number)")
                do {
                    try await transaction.withSavepoint {
                        try await transaction.execute(
                            "INSERT INTO wherry_scopes VALUES (\("\(name)-\(number)-\(undoes ? "undone" : "in")"))")
                        if undoes { throw Undo() }
                    }
                    kept.append("\(name)-\(number)-in")
                } catch is Undo {}
            }
        } catch let error as PostgresError where error.code == .transactionEnded {
            return kept
        }
        return kept
    }

    @Test func `a task that outlives its transaction cannot touch the next one`() async throws {
        try await PostgresBench.withConnection { connection in
            _ = try await connection.query("BEGIN")
            let first = await Transaction(connection: connection)
            let (isInside, inside) = AsyncStream<Void>.makeStream()
            let (mayGo, go) = AsyncStream<Void>.makeStream()
            let straggler = Task {
                try await first.withSavepoint {
                    inside.finish()
                    for await _ in mayGo {}
                    throw Undo()
                }
            }
            for await _ in isInside {}
            await first.end()
            _ = await connection.perform(Flight("ROLLBACK"))
            // The next transaction has begun, and its handle is not made yet: the straggler's was the last one.
            _ = try await connection.query("BEGIN")
            go.finish()
            await #expect(throws: Undo.self) { try await straggler.value }
            let second = await Transaction(connection: connection)
            #expect(try await second.scalar("SELECT 1", as: Int.self) == 1)
            #expect(await second.end() == nil)
            _ = await connection.perform(Flight("ROLLBACK"))
        }
    }

    @Test func `a savepoint that outlives the one around it neither hangs nor spoils the transaction`() async throws {
        try await Self.withTable { _, transaction in
            let (isInside, inside) = AsyncStream<Void>.makeStream()
            let (mayGo, go) = AsyncStream<Void>.makeStream()
            var straggler: Task<Void, any Error>?
            try await transaction.withSavepoint {
                straggler = Task {
                    try await transaction.withSavepoint {
                        inside.finish()
                        for await _ in mayGo {}
                        try await transaction.execute("INSERT INTO wherry_scopes VALUES ('late')")
                    }
                }
                for await _ in isInside {}
            }
            try await transaction.execute("INSERT INTO wherry_scopes VALUES ('after')")
            go.finish()
            let error = await #expect(throws: PostgresError.self) { try await straggler?.value }
            #expect(error?.code == .transactionEnded)
            #expect(try await Self.rows(transaction) == ["after"])
            #expect(await transaction.firstFailure == nil)
        }
    }

    @Test func `a pool whose task is cancelled closes its connections before it returns`() async throws {
        let pool = PostgresPool(PostgresPool.Configuration(PostgresBench.configuration), logger: PostgresBench.logger)
        let running = Task { await pool.run() }
        let leases = try await withThrowingTaskGroup(of: PostgresPool.Lease.self) { group in
            for _ in 0..<4 { group.addTask { try await pool.lease() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for lease in leases.dropFirst() { lease.giveBack() }
        running.cancel()
        leases[0].giveBack()
        await running.value
        #expect(pool.counts.connections == 0)
        for lease in leases { #expect(await !lease.connection.isHealthy) }
        await #expect(throws: PostgresError.self) { try await pool.lease() }
    }
}
