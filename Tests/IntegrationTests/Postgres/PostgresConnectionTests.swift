import Foundation
import Testing
import WherryCore
import WherryEventLoop
import WherryTestKit

@testable import WherryPostgres

@Suite("A connection", .postgres, .timeLimit(.minutes(2)))
struct PostgresConnectionTests {
    @Test("tells the server's errors field by field")
    func errorFields() async throws {
        try await PostgresBench.withConnection { connection async throws in
            _ = try await connection.query("CREATE TABLE item (id bigint PRIMARY KEY, name text CONSTRAINT named CHECK (name <> ''))")
            _ = try await connection.query("INSERT INTO item VALUES (1, 'a')")
            let duplicate = await #expect(throws: PostgresError.self) { try await connection.query("INSERT INTO item VALUES (\(1), 'b')") }
            #expect(duplicate?.code == .server)
            #expect(duplicate?.sqlState == .uniqueViolation)
            #expect(duplicate?.severity == "ERROR")
            #expect(duplicate?.constraint == "item_pkey")
            #expect((duplicate?.schema, duplicate?.table) == ("public", "item"))
            #expect(duplicate?.detail == "Key (id)=(1) already exists.")
            #expect(duplicate?.isRetryable == false)
            let check = await #expect(throws: PostgresError.self) { try await connection.query("INSERT INTO item VALUES (2, '')") }
            #expect(check?.constraint == "named")
            let missing = await #expect(throws: PostgresError.self) { try await connection.query("SELECT nme FROM item") }
            #expect(missing?.sqlState == "42703")
            #expect(missing?.position == 8)
            #expect(missing?.hint?.contains("item.name") == true)
            #expect(try await connection.scalar("SELECT 1", as: Int.self) == 1)
        }
    }

    @Test("answers many callers at once, each with its own")
    func pipelining() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<2_000 {
                    group.addTask {
                        if number.isMultiple(of: 10) {
                            let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1 / \(0)") }
                            #expect(error?.sqlState == "22012")
                        }
                        return try await connection.scalar("SELECT \(number) + 0", as: Int.self) - number
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 0)
        }
    }

    @Test("skips what follows an error in its segment, and nothing beyond it")
    func segments() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let outcomes = await connection.perform(
                Flight([
                    ["SELECT 1", "SELECT 1/0", "SELECT 2"], ["SELECT 3"], [], ["SELECT no_such", "SELECT 4"], ["SELECT 5", "SELECT 6"],
                ])
            )
            #expect(outcomes.map(\.count) == [3, 1, 0, 2, 2])
            #expect(outcomes[0][1].error?.sqlState == "22012")
            guard case .skipped = outcomes[0][2] else { return #expect(Bool(false), "not skipped") }
            #expect(try outcomes[1][0].result?.rows.scalar(as: Int.self) == 3)
            // It failed at its Parse, not at its execution.
            #expect(outcomes[3][0].error?.sqlState == "42703")
            guard case .skipped = outcomes[3][1] else { return #expect(Bool(false), "not skipped") }
            #expect(try outcomes[4][1].result?.rows.scalar(as: Int.self) == 6)
            // What was skipped before it was prepared is prepared now.
            let again = await connection.perform(Flight("SELECT 2", "SELECT 4"))
            #expect(try again[0].map { try $0.result?.rows.scalar(as: Int.self) } == [2, 4])
        }
    }

    @Test("tells a commit that fails at the Sync as the failure of its statements")
    func failureAtSync() async throws {
        try await PostgresBench.withConnection { connection async throws in
            _ = try await connection.query(
                "CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node DEFERRABLE INITIALLY DEFERRED)")
            let outcomes = await connection.perform(Flight([["INSERT INTO node VALUES (1, 2)"], ["SELECT count(*) FROM node"]]))
            #expect(outcomes[0][0].error?.sqlState == .foreignKeyViolation)
            #expect(try outcomes[1][0].result?.rows.scalar(as: Int.self) == 0)
            #expect(await connection.transactionStatus == .idle)
        }
    }

    @Test("keeps statements prepared, within the limit")
    func preparedStatements() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let prepared: SQL = "SELECT count(*) FROM pg_prepared_statements"
            for number in 0..<3 { #expect(try await connection.scalar("SELECT \(number)::int", as: Int.self) == number) }
            #expect(
                try await connection.scalar("SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1::int'", as: Int.self)
                    == 1)
            for number in 0..<(2 * PostgresLimits.maximumPreparedStatements) {
                #expect(try await connection.scalar(SQL(unsafe: "SELECT \(number)"), as: Int.self) == number)
            }
            #expect(try await connection.scalar(prepared, as: Int.self) <= PostgresLimits.maximumPreparedStatements)
        }
    }

    @Test("recovers from statements that a migration or somebody else took away")
    func stalePlans() async throws {
        try await PostgresBench.withConnection { connection async throws in
            _ = try await connection.query("CREATE TABLE item (id int)")
            _ = try await connection.query("SELECT * FROM item")
            _ = try await connection.query("ALTER TABLE item ADD COLUMN name text")
            let stale = await #expect(throws: PostgresError.self) { try await connection.query("SELECT * FROM item") }
            #expect(stale?.sqlState == .featureNotSupported)
            #expect(stale?.isRetryable == true)
            #expect(try await connection.query("SELECT * FROM item").rows.isEmpty)
            _ = try await connection.query("DEALLOCATE ALL")
            let gone = await #expect(throws: PostgresError.self) { try await connection.query("SELECT * FROM item") }
            #expect(gone?.sqlState == .invalidStatementName)
            #expect(gone?.isRetryable == true)
            #expect(try await connection.query("SELECT * FROM item").rows.isEmpty)
        }
    }

    @Test("cancels a statement on the server when its task is cancelled")
    func cancellation() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let sleeping = Task { try await connection.query("SELECT pg_sleep(60)") }
            let pid = connection.backendPID
            let active = "SELECT count(*) FROM pg_stat_activity WHERE pid = \(pid) AND state = 'active' AND query LIKE '%pg_sleep%'"
            let database = TestDatabase.current
            try await eventually("the server sleeps") { try await database.psql(active) == "1" }
            sleeping.cancel()
            let error = await #expect(throws: PostgresError.self) { try await sleeping.value }
            #expect(error?.code == .cancelled)
            #expect(error?.sqlState == .queryCanceled)
            try await eventually("the server has woken up") { try await database.psql(active) == "0" }
            #expect(await !connection.isHealthy)
            let refused = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
            #expect(refused?.code == .connectionClosed)
        }
    }

    @Test("does not send what was cancelled before")
    func cancelledBefore() async throws {
        try await PostgresBench.withConnection { connection async throws in
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
                    #expect(error?.code == .cancelled)
                }
            }
            #expect(await connection.isHealthy)
        }
    }

    @Test("tells everybody at once when the server ends it, and keeps what was answered before")
    func terminated() async throws {
        try await PostgresBench.withConnection { connection async throws in
            async let flight = connection.perform(
                Flight([["BEGIN", "CREATE TABLE kept ()", "COMMIT"], ["SELECT pg_terminate_backend(pg_backend_pid())"], ["SELECT 1"]])
            )
            async let next = connection.perform(Flight("SELECT 2"))
            let outcomes = await flight
            #expect(outcomes[0][2].result?.commandTag == "COMMIT")
            // The other caller may have been first; then it has its answer.
            let other = await next[0][0]
            let lost = [outcomes[1][0], outcomes[2][0]] + (other.result == nil ? [other] : [])
            for outcome in lost {
                guard case .lost(let error) = outcome else { return #expect(Bool(false), "not lost: \(outcome)") }
                #expect(error.isConnectionLost)
                #expect(error.isRetryable)
            }
            #expect(outcomes[1][0].error?.sqlState == .adminShutdown)
            #expect(await !connection.isHealthy)
        }
    }

    @Test("notices when it is ended while idle, and why")
    func terminatedIdle() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let (closed, close) = AsyncStream<Void>.makeStream()
            await connection.onClose { close.finish() }
            try await TestDatabase.current.psql("SELECT pg_terminate_backend(\(connection.backendPID))")
            for await _ in closed {}
            #expect(await connection.ending?.sqlState == .adminShutdown)
        }
    }

    @Test(
        "counts its end as the failure of the transaction, between two statements and before the first (rule 23)", arguments: [false, true])
    func terminatedBetweenStatements(beforeTheFirst: Bool) async throws {
        try await PostgresBench.withConnection { connection async throws in
            let (closed, close) = AsyncStream<Void>.makeStream()
            await connection.onClose { close.finish() }
            _ = try await connection.query("BEGIN")
            var transaction: Transaction?
            if !beforeTheFirst {
                transaction = await Transaction(connection: connection)
                _ = try await transaction?.perform("SELECT 1")
            }
            try await TestDatabase.current.psql("SELECT pg_terminate_backend(\(connection.backendPID))")
            for await _ in closed {}
            let dead = if let transaction { transaction } else { await Transaction(connection: connection) }
            let error = await #expect(throws: PostgresError.self) { try await dead.perform("SELECT 2") }
            #expect(error?.isConnectionLost == true)
            #expect(await dead.end()?.sqlState == .adminShutdown)
        }
    }

    @Test("refuses COPY, several statements and too much, and stays usable")
    func refusals() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let copy = await #expect(throws: PostgresError.self) { try await connection.query("/* x */ COPY (SELECT 1) TO STDOUT") }
            #expect(copy?.code == .unsupportedStatement)
            let several = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1; SELECT 2") }
            #expect(several?.sqlState == "42601")
            let huge = SQL(unsafe: "SELECT 1", binds: Array(repeating: true.postgresValue, count: 65_536))
            let parameters = await #expect(throws: PostgresError.self) { try await connection.query(huge) }
            #expect(parameters?.code == .limitExceeded)
            let long = await #expect(throws: PostgresError.self) {
                try await connection.query("SELECT \([UInt8](repeating: 0, count: PostgresLimits.maximumStatementBytes))")
            }
            #expect(long?.code == .limitExceeded)
            let zero = await #expect(throws: PostgresError.self) { try await connection.query(SQL(unsafe: "SELECT 1\0")) }
            #expect(zero?.code == .encoding)
            #expect(try await connection.scalar("SELECT 1", as: Int.self) == 1)
        }
    }

    @Test("moves big values both ways")
    func bigValues() async throws {
        try await PostgresBench.withConnection { connection async throws in
            let bytes = [UInt8](repeating: 7, count: 20 << 20)
            async let first = connection.scalar("SELECT \(bytes)", as: [UInt8].self)
            async let second = connection.scalar("SELECT length(\(bytes))", as: Int.self)
            #expect(try await first == bytes)
            #expect(try await second == bytes.count)
        }
    }

    @Test("starts with its settings, and comes back to them at a reset")
    func settingsAndReset() async throws {
        var configuration = PostgresBench.configuration
        configuration.sessionSettings = ["statement_timeout": "12345ms", "wherry.note": "a b\\c  d"]
        configuration.applicationName = "wherry tests"
        try await PostgresBench.withConnection(configuration) { connection async throws in
            #expect(try await connection.scalar("SELECT current_setting('application_name')", as: String.self) == "wherry tests")
            #expect(try await connection.scalar("SELECT current_setting('statement_timeout')", as: String.self) == "12345ms")
            #expect(try await connection.scalar("SELECT current_setting('wherry.note')", as: String.self) == "a b\\c  d")
            for sql: SQL in [
                "SET statement_timeout = 0", "SET ROLE pg_read_all_data", "CREATE TEMP TABLE left_over ()", "SELECT pg_advisory_lock(1)",
                "SET synchronous_commit = off", "LISTEN channel",
            ] { _ = try await connection.query(sql) }
            #expect(await connection.reset(within: .seconds(10)))
            #expect(try await connection.scalar("SELECT current_setting('statement_timeout')", as: String.self) == "12345ms")
            #expect(try await connection.scalar("SELECT current_setting('synchronous_commit')", as: String.self) == "on")
            #expect(try await connection.scalar("SELECT current_user", as: String.self) == "postgres")
            #expect(try await connection.scalar("SELECT to_regclass('left_over')::oid", as: Int?.self) == nil)
            #expect(
                try await connection.scalar(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()", as: Int.self) == 0)
            _ = try await connection.query("BEGIN")
            #expect(await !connection.reset(within: .seconds(10)))
        }
    }

    @Test("can be reset on a standby, and knows which server it goes to")
    func standby() async throws {
        let replica = PostgresConfiguration(TestDatabase.current.replica.keywords)
        try await PostgresBench.withConnection { primary async throws in
            try await PostgresBench.withConnection(replica) { standby async throws in
                #expect(await standby.reset(within: .seconds(10)))
                let (here, there) = (await primary.serverIdentity, await standby.serverIdentity)
                #expect(here.systemIdentifier == there.systemIdentifier)
                #expect(here.systemIdentifier != nil)
                #expect(here.address != there.address)
                #expect(try await standby.scalar("SELECT pg_is_in_recovery()", as: Bool.self))
            }
        }
    }
}
