import Testing
import WherryCore
import WherryJobs
import WherryPostgres
import WherryWire

@Suite("An attempt at a job")
struct JobAttemptTests {
    @Test("takes one lease, one flight before the handler and one after it")
    func firstDelivery() throws {
        var harness = AttemptHarness()
        #expect(harness.start() == [.lease(until: MonotonicInstant(nanoseconds: 31_000_000_000))])
        #expect(harness.feed(.leased) == [.fly(.open(lookUp: false))])
        #expect(harness.feed(.flown(.opened(.free))) == [.runHandler])
        let receipt = Receipt(job: .sample(), outcome: .committed, contentType: JobCodec.contentType, payload: Array("1".utf8))
        let output = JobAttempt.HandlerEnd(.returned(Array("1".utf8)))
        #expect(harness.feed(.handlerEnded(output)) == [.fly(.commit(receipt, synchronousCommit: "on"))])
        harness.feed(.flown(.stored(LSN(rawValue: 99))))
        let reply = try #require(harness.reply)
        #expect(reply.outcome == .committed)
        #expect(reply.token == CausalToken(epoch: .sample, lsn: LSN(rawValue: 99)))
        #expect(!reply.fromReceipt)
        #expect(reply.payload == Array("1".utf8))
        let leg = Duration.milliseconds(1)
        #expect(reply.timings == [.workerLease: leg, .begin: leg, .handler: leg, .commit: leg, .worker: .milliseconds(4)])
        #expect(harness.discarded == 0)
    }

    @Test("that is redelivered looks its receipt up first, and answers with it without running")
    func redelivered() throws {
        var harness = AttemptHarness(.sample(redelivered: true))
        harness.start()
        #expect(harness.feed(.leased) == [.fly(.open(lookUp: true))])
        #expect(harness.feed(.flown(.opened(.done))) == [.fly(.lookUp(afterRollback: true, endTwin: false))])
        harness.feed(.flown(.lookedUp(.sample(), LSN(rawValue: 5))))
        #expect(try #require(harness.reply).fromReceipt)
        #expect(harness.reply?.payload == Array("7".utf8))
    }

    @Test("whose twin holds the lock gives its connection back, waits, and looks again")
    func twin() throws {
        var harness = AttemptHarness()
        harness.start()
        harness.feed(.leased)
        #expect(harness.feed(.flown(.opened(.twin))) == [.fly(.lookUp(afterRollback: true, endTwin: true))])
        harness.feed(.flown(.lookedUp(nil, LSN(rawValue: 5))))
        #expect(!harness.holdsConnection && harness.isWaiting)
        harness.feed(.waited)
        #expect(harness.feed(.leased) == [.fly(.open(lookUp: true))])
        #expect(harness.discarded == 0)
    }

    @Test("waits for its twin ever longer, and no longer than its deadline")
    func twinForEver() throws {
        var harness = AttemptHarness(.sample(remaining: .seconds(60)))
        harness.start()
        var pauses: [Duration] = []
        while harness.end == nil {
            harness.feed(.leased)
            harness.feed(.flown(.opened(.twin)))
            let actions = harness.feed(.flown(.lookedUp(nil, LSN(rawValue: 5))))
            guard case .wait(let pause) = actions.last else { break }
            pauses.append(pause)
            harness.now = harness.now + pause
            harness.feed(.waited)
        }
        #expect(harness.refused?.code == .expired)
        #expect(pauses.first.map { $0 <= .milliseconds(20) } == true)
        #expect(pauses.allSatisfy { $0 <= .milliseconds(500) })
        #expect(pauses.count < 300)
    }

    @Test("that meets a receipt at its insert answers with the stored one")
    func duplicate() throws {
        var harness = AttemptHarness()
        harness.startCommitting()
        #expect(harness.feed(failed: .receipt, .uniqueViolation) == [.fly(.lookUp(afterRollback: true, endTwin: false))])
        harness.feed(.flown(.lookedUp(.sample(.cancelled), LSN(rawValue: 5))))
        #expect(try #require(harness.reply).outcome == .cancelled)
    }

    @Test("fails the job for a deferred constraint at COMMIT, a 23505 too", arguments: ["23505", "23503", "P0001"] as [SQLState])
    func deferredConstraint(sqlState: SQLState) throws {
        var harness = AttemptHarness()
        harness.startCommitting()
        harness.feed(failed: .commit, sqlState)
        guard case .store(let receipt, afterRollback: false) = harness.lastFlight else {
            Issue.record("\(harness.actions)")
            return
        }
        #expect(receipt.outcome == .failed)
        harness.feed(.flown(.stored(LSN(rawValue: 5))))
        #expect(try #require(harness.reply).failure?.code == "handler-failed")
    }

    @Test(
        "runs the job again for what is the infrastructure's, whatever the handler threw",
        arguments: [
            "08006", "25P03", "26000", "40001", "40P01", "53100", "53300", "57P01", "57014", "58030", "XX000",
        ] as [SQLState])
    func infrastructureInHandler(sqlState: SQLState) throws {
        var harness = AttemptHarness()
        harness.startRunning()
        let wrapped = JobAttempt.HandlerEnd(
            .threw(HandlerFailure(code: .handlerFailed, message: "wrapped")), firstFailure: .server(sqlState))
        harness.feed(.handlerEnded(wrapped))
        if harness.lastFlight == .rollBack { harness.feed(.flown(.rolledBack)) }
        #expect(harness.isWaiting)
        harness.feed(.waited)
        #expect(harness.feed(.leased) == [.fly(.open(lookUp: true))])
    }

    @Test(
        "fails the job for what is the handler's own doing",
        arguments: [
            ("23505", nil), ("42601", nil), ("25006", nil), ("55P03", "heap_lock_tuple"), ("0A000", "ExecInitFunc"), ("22012", nil),
        ] as [(SQLState, String?)])
    func handlersDoing(sqlState: SQLState, routine: String?) throws {
        for result in [JobAttempt.HandlerEnd.Result.returned([]), .threw(HandlerFailure(code: .handlerFailed, message: "it threw"))] {
            var harness = AttemptHarness()
            harness.startRunning()
            harness.feed(.handlerEnded(.init(result, firstFailure: .server(sqlState, routine: routine))))
            guard case .store(let receipt, afterRollback: true) = harness.lastFlight else {
                Issue.record("\(harness.actions)")
                return
            }
            #expect(receipt.outcome == .failed)
        }
    }

    @Test("tells a lock timeout of ours from the handler's NOWAIT, and a stale plan from a missing feature")
    func sameStateDifferentRoutine() {
        #expect(Judgement.isInfrastructure(.server("55P03", routine: "ProcessInterrupts"), in: .handler))
        #expect(!Judgement.isInfrastructure(.server("55P03", routine: "heap_lock_tuple"), in: .handler))
        #expect(Judgement.isInfrastructure(.server("0A000", routine: "RevalidateCachedQuery"), in: .handler))
        #expect(!Judgement.isInfrastructure(.server("0A000", routine: "standard_ProcessUtility"), in: .handler))
    }

    @Test(
        "fails the job for an error that the handler swallowed or a transaction that it spoiled",
        arguments: ["25P02", "25006"] as [SQLState])
    func swallowed(sqlState: SQLState) {
        for step in [JobFlight.Step.restore, .receipt] {
            var harness = AttemptHarness()
            harness.startCommitting()
            harness.feed(failed: step, sqlState)
            guard case .store(let receipt, afterRollback: true) = harness.lastFlight else {
                Issue.record("\(harness.actions)")
                return
            }
            #expect(receipt.failure?.code == "handler-failed")
        }
    }

    @Test("takes a COMMIT in doubt for no outcome: it runs again as redelivered", arguments: [JobFlight.Step.restore, .receipt, .commit])
    func inDoubt(step: JobFlight.Step) throws {
        var harness = AttemptHarness()
        harness.startCommitting()
        harness.feed(.flown(.failed(step, .lost)))
        #expect(harness.isWaiting && harness.discarded == 1)
        harness.feed(.waited)
        #expect(harness.feed(.leased) == [.fly(.open(lookUp: true))])
    }

    @Test("whose COMMIT was answered with ROLLBACK runs again")
    func notCommitted() {
        var harness = AttemptHarness()
        harness.startCommitting()
        harness.feed(.flown(.notCommitted))
        if harness.lastFlight == .rollBack { harness.feed(.flown(.rolledBack)) }
        #expect(harness.isWaiting)
    }

    @Test("that committed and lost its position asks for a later one elsewhere")
    func positionLost() throws {
        var harness = AttemptHarness()
        harness.startCommitting()
        harness.feed(.flown(.stored(nil)))
        #expect(harness.isLeasing && harness.discarded == 1)
        #expect(harness.feed(.leased) == [.fly(.lookUp(afterRollback: false, endTwin: false))])
        harness.feed(.flown(.lookedUp(.sample(), LSN(rawValue: 1000))))
        #expect(try #require(harness.reply).token.lsn == LSN(rawValue: 1000))
    }

    @Test("whose handler throws stores the failure before it tells; a stored outcome wins")
    func handlerThrows() throws {
        var harness = AttemptHarness()
        harness.startRunning()
        harness.feed(.handlerEnded(.init(.threw(HandlerFailure(code: .handlerFailed, message: "no", payload: [1])))))
        let expected = Receipt(
            job: .sample(), outcome: .failed, failure: Failure(code: "handler-failed", message: "no"), contentType: JobCodec.contentType,
            payload: [1])
        #expect(harness.lastFlight == .store(expected, afterRollback: true))
        #expect(harness.feed(failed: .receipt, .uniqueViolation) == [.fly(.lookUp(afterRollback: true, endTwin: false))])
        harness.feed(.flown(.lookedUp(.sample(.committed), LSN(rawValue: 5))))
        #expect(try #require(harness.reply).outcome == .committed)
    }

    @Test("keeps trying to store a failure without running the handler again")
    func storeAgain() throws {
        var harness = AttemptHarness()
        harness.startRunning()
        harness.feed(.handlerEnded(.init(.threw(HandlerFailure(code: .handlerFailed, message: "no")))))
        harness.feed(.flown(.failed(.receipt, .lost)))
        harness.feed(.waited)
        let actions = harness.feed(.leased)
        guard case .fly(.store(_, afterRollback: false)) = actions.last else {
            Issue.record("\(actions)")
            return
        }
        harness.feed(.flown(.stored(LSN(rawValue: 5))))
        #expect(try #require(harness.reply).outcome == .failed)
    }

    @Test("over its limit discards the cancelled connection and fails the job on another")
    func timedOut() throws {
        var harness = AttemptHarness()
        harness.startRunning()
        harness.feed(.handlerEnded(.init(.timedOut, firstFailure: .server("57014"))))
        #expect(harness.discarded == 1 && harness.isLeasing)
        harness.feed(.leased)
        harness.feed(.flown(.stored(LSN(rawValue: 5))))
        #expect(try #require(harness.reply).failure?.code == "timed-out")
    }

    @Test(
        "that its caller gave up, or whose deadline came, while its handler ran ends without an outcome",
        arguments: [Refused.Code.cancelled, .expired])
    func stopped(_ code: Refused.Code) throws {
        var harness = AttemptHarness()
        harness.startRunning()
        harness.feed(.handlerEnded(.init(.stopped(code, "stopped"), firstFailure: .server("57014"))))
        #expect(harness.discarded == 1)
        #expect(try #require(harness.refused).code == code)
        #expect(harness.reply == nil)
    }

    @Test("whose handler cancelled a statement of its own fails on another connection")
    func cancelledStatement() throws {
        var harness = AttemptHarness()
        harness.startRunning()
        harness.feed(.handlerEnded(.init(.cancelledStatement, firstFailure: .server("57014"))))
        #expect(harness.discarded == 1 && harness.isLeasing)
        harness.feed(.leased)
        harness.feed(.flown(.stored(LSN(rawValue: 5))))
        #expect(try #require(harness.reply).failure?.code == "handler-failed")
    }

    @Test("waits for a connection as long as its deadline lets it, if other jobs have them all")
    func crowded() {
        var harness = AttemptHarness(.sample(remaining: .seconds(60)))
        harness.start()
        for _ in 0..<10 {
            harness.now = harness.now + .seconds(5)
            harness.feed(.leaseFailed(PostgresError(.acquireTimeout, "as the test wants it")))
            #expect(harness.isWaiting)
            harness.feed(.waited)
        }
        harness.now = harness.now + .seconds(11)
        harness.feed(.leaseFailed(PostgresError(.acquireTimeout, "as the test wants it")))
        #expect(harness.refused?.code == .expired)
    }

    @Test("commits although the handler was refused a statement unsent, and went on")
    func refusedUnsent() {
        var harness = AttemptHarness()
        harness.startRunning()
        let unsent = PostgresError(.transactionControl, "as the test wants it")
        harness.feed(.handlerEnded(.init(.returned([1]), firstFailure: unsent)))
        guard case .commit = harness.lastFlight else {
            Issue.record("\(harness.actions)")
            return
        }
    }

    @Test(
        "refuses what no outcome can come of",
        arguments: [
            ("WH001", .clockSkew), ("WH002", .outcomeNoLongerKnown), ("WH004", .unavailable), ("42501", .unavailable),
            ("3F000", .unavailable),
        ] as [(SQLState, Refused.Code)])
    func refuses(sqlState: SQLState, code: Refused.Code) {
        var harness = AttemptHarness()
        harness.start()
        harness.feed(.leased)
        #expect(harness.feed(failed: .open, sqlState) == [.fly(.rollBack)])
        harness.feed(.flown(.rolledBack))
        #expect(harness.refused?.code == code)
        #expect(harness.refused?.neverDispatched == false)
        #expect(harness.discarded == 0)
    }

    @Test("on a server of another epoch asks for it; runs if it is the same after all, and tells the other one otherwise")
    func epochs() throws {
        var harness = AttemptHarness()
        harness.start()
        harness.feed(.leased)
        harness.feed(failed: .open, "WH003")
        #expect(harness.feed(.flown(.rolledBack)) == [.giveBack(discard: false), .establishEpoch])
        harness.feed(.epochEstablished(.sample))
        #expect(harness.isLeasing)
        harness.feed(.leased)
        harness.feed(failed: .open, "WH003")
        harness.feed(.flown(.rolledBack))
        var other = Epoch.sample
        other.timeline = 2
        harness.feed(.epochEstablished(other))
        #expect(harness.refused?.code == .wrongEpoch)
        #expect(harness.refused?.epoch == other)
    }

    @Test("without an epoch is told the server's")
    func noEpoch() {
        var harness = AttemptHarness(.sample(epoch: nil))
        #expect(harness.start() == [.establishEpoch])
        harness.feed(.epochEstablished(.sample))
        #expect(harness.refused?.code == .wrongEpoch)
        #expect(harness.refused?.epoch == .sample)
    }

    @Test("that killed too many workers is poisoned instead of run; one fewer is not")
    func poisoned() throws {
        var harness = AttemptHarness(.sample(redelivered: true, attempts: 5))
        harness.start()
        harness.feed(.leased)
        harness.feed(.flown(.stored(LSN(rawValue: 5))))
        #expect(try #require(harness.reply).outcome == .poisoned)

        harness = AttemptHarness(.sample(redelivered: true, attempts: 4))
        harness.start()
        #expect(harness.feed(.leased) == [.fly(.open(lookUp: true))])
    }

    @Test("whose arguments do not decode fails without running")
    func undecodable() throws {
        var harness = AttemptHarness(undecodable: "no such field")
        harness.start()
        harness.feed(.leased)
        harness.feed(.flown(.stored(LSN(rawValue: 5))))
        #expect(try #require(harness.reply).failure == Failure(code: "undecodable-arguments", message: "no such field"))
    }

    @Test("of a fence is a plain insert; the receipt that stands already wins")
    func fence() throws {
        let fence = Fence(job: .sample(), kind: .expired, epoch: .sample)
        var harness = AttemptHarness(JobAttempt(fence: fence, receivedAt: .zero, patience: .seconds(5), seed: 1))
        harness.start()
        #expect(harness.feed(.leased) == [.fly(.store(Receipt(fence: fence), afterRollback: false))])
        harness.feed(failed: .receipt, .uniqueViolation)
        harness.feed(.flown(.lookedUp(.sample(.committed), LSN(rawValue: 5))))
        #expect(try #require(harness.reply).outcome == .committed)
    }

    @Test("learns nothing of another job's receipt under its id")
    func idConflict() {
        var harness = AttemptHarness(.sample(redelivered: true))
        harness.start()
        harness.feed(.leased)
        harness.feed(.flown(.opened(.done)))
        harness.feed(.flown(.lookedUp(.sample(job: .sample(name: "items.delete")), LSN(rawValue: 5))))
        #expect(harness.refused?.code == .idConflict)
        #expect(harness.reply == nil)
    }

    @Test("gives up after a bounded number of tries, having waited ever longer")
    func boundedTries() {
        var harness = AttemptHarness(limits: JobAttempt.Limits(maximumTries: 4))
        harness.start()
        var pauses: [Duration] = []
        while harness.end == nil {
            harness.feed(.leaseFailed(.lost))
            if case .wait(let pause) = harness.actions.last { pauses.append(pause) }
            if harness.end == nil { harness.feed(.waited) }
            if pauses.count > 10 { break }
        }
        #expect(harness.refused?.code == .unavailable)
        #expect(pauses.count == 3)
        #expect(pauses.last.map { $0 >= .milliseconds(100) } == true)
    }

    @Test("does not begin after its deadline, nor without a UUIDv7")
    func notBegun() {
        var late = AttemptHarness(.sample(remaining: .zero))
        late.start()
        #expect(late.refused?.code == .expired)
        var request = Request.sample()
        request.job.id = JobID("00000000-0000-4000-8000-000000000000") ?? request.job.id
        var strange = AttemptHarness(request)
        strange.start()
        #expect(strange.refused?.code == .malformed)
    }

    @Test("that has no partition for its receipt runs again, and says what to do when it gives up")
    func noPartition() {
        var harness = AttemptHarness(limits: JobAttempt.Limits(maximumTries: 1))
        harness.startCommitting()
        harness.feed(failed: .receipt, .checkViolation)
        harness.feed(.flown(.rolledBack))
        #expect(harness.refused?.code == .unavailable)
        #expect(harness.refused?.message.contains("wherry upkeep") == true)
    }

    @Test("ends whatever happens, answers only with a receipt that it saw stored, and always gives its connection back")
    func anything() {
        for seed in 0..<2000 {
            AnythingGoes(seed: UInt64(seed)).run()
        }
    }
}
