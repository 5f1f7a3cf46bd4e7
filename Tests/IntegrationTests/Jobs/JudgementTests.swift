import Synchronization
import Testing
import WherryCore
import WherryEventLoop
import WherryJobs
import WherryMigrations
import WherryPostgres
import WherryTestKit
import WherryWire

/// Rule 23: whose doing an error is. And rules 2, 26 and 27.
@Suite("A job's transaction on a real primary", .timeLimit(.minutes(2)))
struct JudgementTests {
    typealias Insert = RealJobTests.Insert

    struct Wrapped: Error {
        var cause: any Error
    }

    @Test("fails the job for a deferred constraint, which strikes at COMMIT with 23505")
    func deferredConstraint() async throws {
        try await JobBench.run { bench in
            _ = try await bench.admin.query("CREATE TABLE single (item int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            let runner = try await bench.runner {
                $0.handle(Insert.self) { job, transaction in
                    for _ in 0..<2 { try await transaction.execute("INSERT INTO single VALUES (\(job.item))") }
                    return 2
                }
            }
            let reply = try await bench.reply(runner, Insert(item: 1))
            #expect(reply.outcome == .failed)
            #expect(reply.failure?.message.contains("23505") == true)
            #expect(try await bench.receipts() == ["failed"])
            #expect(try await bench.admin.query("SELECT count(*) FROM single").rows.scalar(as: Int.self) == 0)
        }
    }

    @Test("fails the job if its handler swallowed an error, and commits it if a savepoint took the error back")
    func swallowed() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner {
                $0.handle(Insert.self) { job, transaction in
                    if job.item == 1 {
                        _ = try? await transaction.execute("INSERT INTO nowhere VALUES (1)")
                    } else {
                        try? await transaction.withSavepoint { _ = try await transaction.execute("INSERT INTO nowhere VALUES (1)") }
                        try await transaction.execute("INSERT INTO items (item) VALUES (\(job.item))")
                    }
                    return 0
                }
            }
            let failed = try await bench.reply(runner, Insert(item: 1))
            #expect(failed.outcome == .failed)
            #expect(failed.failure?.message.contains("42P01") == true)
            #expect(try await bench.reply(runner, Insert(item: 2)).outcome == .committed)
            #expect(try await bench.items() == [2])
        }
    }

    @Test("runs the job again for a serialization failure or deadlock that the handler wrapped", arguments: ["40001", "40P01"])
    func wrapped(sqlState: String) async throws {
        try await JobBench.run { bench in
            let runs = Atomic(0)
            let runner = try await bench.runner {
                $0.handle(Insert.self) { job, transaction in
                    if runs.add(1, ordering: .relaxed).oldValue == 0 {
                        do {
                            try await transaction.execute(
                                SQL(unsafe: "DO $$ BEGIN RAISE EXCEPTION 'as the test wants it' USING ERRCODE = '\(sqlState)'; END $$"))
                        } catch {
                            throw Wrapped(cause: error)
                        }
                    }
                    return try await RealJobTests.insert(job, transaction)
                }
            }
            #expect(try await bench.reply(runner, Insert(item: 1)).outcome == .committed)
            #expect(runs.load(ordering: .relaxed) == 2)
            #expect(try await bench.items() == [1])
        }
    }

    @Test("settles writers that conflict under SERIALIZABLE by running them again")
    func serializable() async throws {
        try await JobBench.run { bench in
            _ = try await bench.admin.query("CREATE TABLE counter (value int)")
            _ = try await bench.admin.query("INSERT INTO counter VALUES (0)")
            let options = HandlerOptions(isolation: .serializable)
            var limits = JobAttempt.Limits()
            limits.maximumTries = 50
            let runner = try await bench.runner(limits: limits) {
                $0.handle(Insert.self, options: options) { _, transaction in
                    let value = try await transaction.scalar("SELECT value FROM counter", as: Int.self)
                    try await transaction.execute("UPDATE counter SET value = \(value + 1)")
                    return value
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for item in 0..<8 {
                    group.addTask {
                        let reply = try await bench.reply(runner, Insert(item: item))
                        #expect(reply.outcome == .committed)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await bench.admin.query("SELECT value FROM counter").rows.scalar(as: Int.self) == 8)
        }
    }

    @Test("cannot be left or ended by its handler", arguments: ["COMMIT", "/* app=x */ COMMIT AND CHAIN", " ;ROLLBACK", "SAVEPOINT s"])
    func transactionControl(statement: String) async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner {
                $0.handle(Insert.self) { job, transaction in
                    _ = try await RealJobTests.insert(job, transaction)
                    try await transaction.execute(SQL(unsafe: statement))
                    return 0
                }
            }
            #expect(try await bench.reply(runner, Insert(item: 1)).outcome == .failed)
            #expect(try await bench.items().isEmpty)
        }
    }

    @Test("stores its receipt as the worker's role, durably and within limits, whatever the handler had set")
    func restored() async throws {
        try await JobBench.run { bench in
            for statement in [
                "CREATE ROLE \"\(bench.name)_nobody\"", "GRANT ALL ON items TO \"\(bench.name)_nobody\"",
                "CREATE TABLE seen (role text, synchronous_commit text, lock_timeout text)",
                """
                CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    INSERT INTO public.seen VALUES (current_user, current_setting('synchronous_commit'), current_setting('lock_timeout'));
                    RETURN NEW;
                END $$
                """,
                "CREATE TRIGGER look AFTER INSERT ON wherry.receipts FOR EACH ROW EXECUTE FUNCTION look()",
            ] { _ = try await bench.admin.query(SQL(unsafe: statement)) }
            let role = "\(bench.name)_nobody"
            let runner = try await bench.runner {
                $0.handle(Insert.self) { job, transaction in
                    try await transaction.execute("SET LOCAL synchronous_commit = off")
                    try await transaction.execute("SET LOCAL lock_timeout = 0")
                    try await transaction.execute("SET LOCAL ROLE \(identifier: role)")
                    return try await RealJobTests.insert(job, transaction)
                }
            }
            #expect(try await bench.reply(runner, Insert(item: 1)).outcome == .committed)
            let seen = try await bench.admin.query("SELECT role = session_user, synchronous_commit, lock_timeout FROM seen").rows
            #expect(try seen.decode(as: (Bool, String, String).self).map { "\($0)" } == [#"(true, "on", "5s")"#])
            _ = try await bench.admin.query(SQL(unsafe: "DROP OWNED BY \"\(role)\""))
            _ = try await bench.admin.query(SQL(unsafe: "DROP ROLE \"\(role)\""))
        }
    }

    @Test("is never asynchronous, although its role would have it so")
    func neverAsynchronous() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner(settings: ["synchronous_commit": "off"]) {
                $0.handle(Insert.self) { _, transaction in
                    let setting = try await transaction.scalar("SELECT current_setting('synchronous_commit')", as: String.self)
                    return setting == "on" ? 1 : 0
                }
            }
            #expect(try await bench.reply(runner, Insert(item: 1)).payload == Array("1".utf8))
        }
    }

    @Test("that its handler made read-only fails the job")
    func readOnly() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner {
                $0.handle(Insert.self) { _, transaction in
                    try await transaction.execute("SELECT set_config('transaction_read_only', 'on', true)")
                    return 0
                }
            }
            #expect(try await bench.reply(runner, Insert(item: 1)).failure?.message.contains("25006") == true)
        }
    }

    @Test("whose backend is terminated under the handler, or at COMMIT, runs again", arguments: [false, true])
    func terminated(atCommit: Bool) async throws {
        try await JobBench.run { bench in
            for statement in [
                "CREATE TABLE victims (item int)", "CREATE SEQUENCE kills",
                """
                CREATE FUNCTION die_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF nextval('public.kills') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
                    RETURN NULL;
                END $$
                """,
                """
                CREATE CONSTRAINT TRIGGER die_once AFTER INSERT ON victims DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION die_once()
                """,
            ] { _ = try await bench.admin.query(SQL(unsafe: statement)) }
            let runs = Atomic(0)
            let runner = try await bench.runner {
                $0.handle(Insert.self) { job, transaction in
                    let isFirst = runs.add(1, ordering: .relaxed).oldValue == 0
                    let items = try await RealJobTests.insert(job, transaction)
                    if atCommit {
                        try await transaction.execute("INSERT INTO victims VALUES (1)")
                    } else if isFirst {
                        try await transaction.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                    }
                    return items
                }
            }
            let reply = try await bench.reply(runner, Insert(item: 1))
            #expect(reply.outcome == .committed && !reply.fromReceipt)
            #expect(runs.load(ordering: .relaxed) == 2)
            #expect(try await bench.items() == [1])
        }
    }

    @Test("of a handler over its limit is cancelled on the server and fails the job")
    func timedOut() async throws {
        try await JobBench.run { bench in
            let runner = try await bench.runner {
                $0.handle(Insert.self, options: HandlerOptions(timeout: .milliseconds(300))) { job, transaction in
                    _ = try await RealJobTests.insert(job, transaction)
                    try await transaction.execute("SELECT pg_sleep(60)")
                    return 0
                }
            }
            let reply = try await bench.reply(runner, Insert(item: 1))
            #expect(reply.failure?.code == "timed-out")
            #expect(try await bench.items().isEmpty)
            #expect(try await bench.admin.query(Self.sleepers).rows.scalar(as: Int.self) == 0)
        }
    }

    @Test("whose handler cancels a statement of its own fails, and is not run again")
    func cancelledStatement() async throws {
        try await JobBench.run { bench in
            let runs = Atomic(0)
            let runner = try await bench.runner {
                $0.handle(Insert.self) { _, transaction in
                    runs.add(1, ordering: .relaxed)
                    let sleep = Task { try await transaction.execute("SELECT pg_sleep(60)") }
                    try await eventually("the statement runs") {
                        try await bench.admin.query(Self.sleepers).rows.scalar(as: Int.self) == 1
                    }
                    sleep.cancel()
                    _ = await sleep.result
                    return 0
                }
            }
            let reply = try await bench.reply(runner, Insert(item: 1))
            #expect(reply.failure?.message.contains("cancelled a statement") == true)
            #expect(runs.load(ordering: .relaxed) == 1)
        }
    }

    /// How many backends of this database sleep for a minute.
    private static let sleepers: SQL = """
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'
        """

    @Test("of a worker that drains is rolled back without an outcome")
    func drained() async throws {
        try await JobBench.run { bench in
            let (started, start) = AsyncStream.makeStream(of: Void.self)
            let runner = try await bench.runner {
                $0.handle(Insert.self) { job, transaction in
                    _ = try await RealJobTests.insert(job, transaction)
                    start.yield()
                    try await transaction.execute("SELECT pg_sleep(60)")
                    return 0
                }
            }
            let request = try bench.request(Insert(item: 1))
            let run = Task { await runner.run(request, receivedAt: EventLoop.now) }
            for await _ in started { break }
            run.cancel()
            guard case .refused(let refused) = await run.value else {
                Issue.record("a drained job has an outcome")
                return
            }
            #expect(refused.code == .drained)
            #expect(try await bench.receipts().isEmpty)
            #expect(try await bench.items().isEmpty)
        }
    }

    @Test("of a role without privileges is refused with what to do, and nothing remains")
    func noPrivileges() async throws {
        try await JobBench.run { bench in
            let role = "\(bench.name)_plain"
            try await bench.makeRole(role)
            _ = try await bench.admin.query("GRANT ALL ON items TO \(identifier: role)")
            let runner = try await bench.runner(role: role) { $0.handle(Insert.self, RealJobTests.insert) }
            let refused = try await bench.refusal(runner, bench.request(Insert(item: 1)))
            #expect(refused.code == .unavailable)
            #expect(refused.message.contains("privilege"))
            for statement in Grants.worker(role) { _ = try await bench.admin.query(SQL(unsafe: statement)) }
            #expect(try await bench.reply(runner, Insert(item: 1)).outcome == .committed)
            #expect(try await bench.items() == [1])
            _ = try await bench.admin.query("DROP OWNED BY \(identifier: role)")
        }
    }

    @Test("without a partition for its receipt is refused with what to do, and nothing remains")
    func noPartition() async throws {
        try await JobBench.run { bench in
            for name in try await bench.admin.query("SELECT name::text FROM wherry.receipt_partitions").rows.decode(as: String.self) {
                _ = try await bench.admin.query("DROP TABLE \(identifier: "wherry", name)")
            }
            var limits = JobAttempt.Limits()
            limits.maximumTries = 2
            let runner = try await bench.runner(limits: limits) { $0.handle(Insert.self, RealJobTests.insert) }
            let refused = try await bench.refusal(runner, bench.request(Insert(item: 1)))
            #expect(refused.code == .unavailable)
            #expect(refused.message.contains("wherry upkeep"))
            #expect(try await bench.items().isEmpty)
        }
    }
}
