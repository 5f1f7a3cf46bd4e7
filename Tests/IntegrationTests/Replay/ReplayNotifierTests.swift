import Testing
import Wherry
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryMigrations
import WherryPostgres
import WherryTestKit

@Suite("The replay notifier on a real standby", .postgres(.replay), .timeLimit(.minutes(3)))
struct ReplayNotifierTests {
    @Test("after the proof the local read sees the write, every time: four writers, each waiting, a thousand writes")
    func noStaleReads() async throws {
        try await ReplayBench.shared { bench in
            let database = TestDatabase.current
            let stale = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let logger = bench.logger
                        let writer = try await PostgresConnection.connect(PostgresConfiguration(database.primary.keywords), logger: logger)
                        let reader = try await PostgresConnection.connect(PostgresConfiguration(database.replica.keywords), logger: logger)
                        var stale = 0
                        for _ in 0..<250 {
                            let id = bench.makeID()
                            let token = try await bench.write(id, on: writer)
                            let verdict = try await bench.wait(.proof(id, token))
                            #expect(verdict.foundID == id)
                            let rows = try await reader.query("SELECT 1 FROM touched WHERE id = \(id)").rows
                            if rows.isEmpty { stale += 1 }
                        }
                        await writer.close()
                        await reader.close()
                        return stale
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(stale == 0)
            #expect(await bench.notifier.waiterCount == 0)
        }
    }

    @Test("a position alone is enough for a gate")
    func gate() async throws {
        try await ReplayBench.shared { bench in
            for _ in 0..<50 {
                let id = bench.makeID()
                let token = try await bench.write(id)
                let seen = try await bench.notifier.wait(for: token, until: EventLoop.now + .seconds(20))
                #expect(seen.lsn >= token.lsn)
                #expect(try await bench.isVisible(id))
            }
        }
    }

    @Test("a receipt is found without a position, and one that never comes times out")
    func lookUps() async throws {
        try await ReplayBench.shared { bench in
            let id = bench.makeID()
            async let verdict = bench.wait(.receipt(id))
            _ = try await bench.write(id)
            #expect(try await verdict.foundID == id)
            let never = try await bench.wait(.receipt(bench.makeID()), within: .milliseconds(300))
            #expect(never.failure == .timedOut)
        }
    }

    @Test("waits for a token of a newer epoch, and fails one of a fork and of another system")
    func epochs() async throws {
        try await ReplayBench.shared { bench in
            let token = try await bench.write(bench.makeID())
            var newer = token
            newer.epoch.timeline += 1
            var fork = token
            fork.epoch.random ^= 1
            var other = token
            other.epoch.systemIdentifier ^= 1
            #expect(try await bench.wait(.position(newer), within: .milliseconds(300)).failure == .timedOut)
            #expect(try await bench.wait(.position(fork)).failure == .fork)
            #expect(try await bench.wait(.position(other)).failure == .otherSystem)
            #expect(try await bench.wait(.position(token)).isReached)
        }
    }

    @Test(
        "a token of an older epoch is superseded once the row of the newer one is replayed; a receipt that is there is a proof all the same"
    )
    func olderEpoch() async throws {
        try await ReplayBench.shared { bench in
            let id = bench.makeID()
            let token = try await bench.write(id)
            #expect(try await bench.wait(.position(token)).isReached)
            let next = Epoch(
                systemIdentifier: bench.epoch.systemIdentifier,
                timeline: bench.epoch.timeline,
                restoreCounter: bench.epoch.restoreCounter + 1,
                random: bench.epoch.random
            )
            _ = try await bench.primary.query(
                """
                INSERT INTO wherry.epochs (system_identifier, timeline, restore_counter, random) VALUES \
                (\(Int64(bitPattern: next.systemIdentifier)), \(Int32(next.timeline)), \(Int32(next.restoreCounter)), \
                \(Int64(bitPattern: next.random)))
                """
            )
            let flushed = try await bench.write(bench.makeID(), epoch: next)
            #expect(try await bench.wait(.position(flushed)).isReached)
            #expect(try await bench.wait(.position(token)) == .superseded(by: next))
            #expect(try await bench.wait(.proof(id, token)).foundID == id)
            #expect(try await bench.wait(.proof(bench.makeID(), token)) == .superseded(by: next))
        }
    }

    @Test("timeouts and cancellations leave nothing behind, and nobody is asked anything while nobody waits")
    func nothingLeft() async throws {
        try await ReplayBench.shared { bench in
            var far = try await bench.write(bench.makeID())
            far.lsn = LSN(rawValue: far.lsn.rawValue + 1 << 40)
            let token = far
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let condition: ReplayCondition = number.isMultiple(of: 2) ? .position(token) : .proof(bench.makeID(), token)
                        _ = try? await bench.wait(condition, within: number < 50 ? .milliseconds(50) : .seconds(60))
                    }
                }
                _ = try? await bench.wait(.position(token), within: .milliseconds(200))
                group.cancelAll()
            }
            #expect(await bench.notifier.waiterCount == 0)
            let question: SQL = """
                SELECT state_change::text FROM pg_stat_activity WHERE application_name = 'wherry-notifier' AND datname = current_database()
                """
            // A poll may be under way still.
            var before = try await bench.replica.query(question).rows.scalar(as: String.self)
            let after = try await eventually("the notifier is quiet for half a second") { () async throws -> (String, String) in
                let last = before
                _ = try await bench.replica.query("SELECT pg_sleep(0.5)")
                before = try await bench.replica.query(question).rows.scalar(as: String.self)
                return (last, before)
            } until: {
                $0.0 == $0.1
            }
            _ = try await bench.replica.query("SELECT pg_sleep(1)")
            #expect(try await bench.replica.query(question).rows.scalar(as: String.self) == after.1)
        }
    }

    @Test("ten thousand wait at once, and all are told")
    func tenThousand() async throws {
        try await ReplayBench.shared { bench in
            let start = try await bench.write(bench.makeID())
            let reached = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<10_000 {
                    let token = CausalToken(epoch: bench.epoch, lsn: LSN(rawValue: start.lsn.rawValue + UInt64(number)))
                    group.addTask { try await bench.wait(.position(token), within: .seconds(60)).isReached }
                }
                group.addTask {
                    // 10 000 bytes of WAL are some fifty jobs.
                    for _ in 0..<100 { _ = try await bench.write(bench.makeID()) }
                    return true
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(reached == 10_001)
            #expect(await bench.notifier.waiterCount == 0)
        }
    }

    @Test("an app's plain role is enough; without the grants the waiters are told what is missing")
    func plainRole() async throws {
        let database = TestDatabase.current
        let role = "app_\(database.name)"
        try await database.cluster.primary.makeRole(role)
        let app = database.cluster.replica.connection(database: database.name, user: role)
        try await ReplayBench.run(primary: database.primary, replica: database.replica, notifierRole: app) { bench in
            let id = bench.makeID()
            let token = try await bench.write(id)
            #expect(try await bench.wait(.proof(id, token)).failure == .denied)
            for grant in Grants.app(role) { try await database.psql(grant) }
            let next = bench.makeID()
            let granted = try await bench.write(next)
            try await database.waitUntilCaughtUp()
            #expect(try await bench.wait(.proof(next, granted)).foundID == next)
        }
        try await database.psql("DROP OWNED BY \(role)")
        try await database.psql("DROP ROLE \(role)")
    }

    @Test("on the primary itself what is flushed is visible (rule 5)")
    func onThePrimary() async throws {
        let database = TestDatabase.current
        try await ReplayBench.run(primary: database.primary, replica: database.primary) { bench in
            let id = bench.makeID()
            var token = try await bench.write(id)
            #expect(try await bench.wait(.proof(id, token)).foundID == id)
            #expect(try await bench.wait(.position(token)).isReached)
            token.lsn = LSN(rawValue: token.lsn.rawValue + 1 << 40)
            #expect(try await bench.wait(.position(token), within: .milliseconds(200)).failure == .timedOut)
        }
    }

    @Test("waits through a schema that has not been replayed yet")
    func beforeTheMigration() async throws {
        let database = TestDatabase.current
        try await ReplayBench.shared { bench in
            _ = try await bench.primary.query("ALTER SCHEMA wherry RENAME TO hidden")
            try await database.waitUntilCaughtUp()
            let id = bench.makeID()
            async let verdict = bench.wait(.receipt(id))
            _ = try await bench.wait(.receipt(bench.makeID()), within: .milliseconds(200))
            _ = try await bench.primary.query("ALTER SCHEMA hidden RENAME TO wherry")
            _ = try await bench.write(id)
            #expect(try await verdict.foundID == id)
        }
    }
}
