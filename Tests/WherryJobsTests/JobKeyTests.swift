import Testing
import WherryCore
import WherryPostgres
import WherryWire

@testable import WherryJobs

@Suite("An attempt at a job with an idempotency key")
struct JobKeyTests {
    private static let key = JobKey(text: "order-42", fingerprint: Array(repeating: 1, count: 32))

    /// The job that has taken the key.
    private static func holder(_ outcome: Outcome = .committed, name: String = "items.create", fingerprint: UInt8 = 1) -> KeyHolder {
        var generator = SplitMix64(seed: 9)
        var job = JobIdentity.sample(name: name)
        job.id = JobID(unixMilliseconds: 1_600_000_000_000, using: &generator)
        var receipt = Receipt.sample(outcome, job: job)
        if outcome == .failed { receipt.failure = Failure(code: "handler-failed", message: "no") }
        return KeyHolder(jobName: name, fingerprint: Array(repeating: fingerprint, count: 32), receipt: receipt)
    }

    @Test func `takes the key with its receipt`() {
        var harness = AttemptHarness(.sample(key: Self.key))
        harness.startCommitting()
        guard case .commit(let receipt, _)? = harness.lastFlight else {
            Issue.record("\(harness.actions)")
            return
        }
        #expect(receipt.claim == Self.key)
    }

    @Test func `takes it too when it fails, in whatever way`() {
        var thrown = AttemptHarness(.sample(key: Self.key))
        thrown.startRunning()
        thrown.feed(.handlerEnded(.init(.threw(HandlerFailure(code: .handlerFailed, message: "no")))))
        var late = AttemptHarness(.sample(key: Self.key))
        late.startRunning()
        late.feed(.handlerEnded(.init(.timedOut)))
        late.feed(.leased)
        var undecodable = AttemptHarness(.sample(key: Self.key), undecodable: "what is this")
        undecodable.start()
        undecodable.feed(.leased)
        for harness in [thrown, late, undecodable] {
            guard case .store(let receipt, _)? = harness.lastFlight else {
                Issue.record("\(harness.actions)")
                continue
            }
            #expect(receipt.claim == Self.key)
        }
    }

    @Test func `leaves it free when it is fenced or poisoned`() {
        let fence = Fence(job: .sample(), kind: .cancelled, epoch: .sample)
        var fenced = AttemptHarness(JobAttempt(fence: fence, receivedAt: .zero, patience: .seconds(5), seed: 1))
        var poisoned = AttemptHarness(.sample(redelivered: true, attempts: 5, key: Self.key))
        for harness in [fenced.start(), poisoned.start()] { #expect(harness.count == 1) }
        for flight in [fenced.feed(.leased), poisoned.feed(.leased)] {
            guard case .fly(.store(let receipt, _))? = flight.last else {
                Issue.record("\(flight)")
                continue
            }
            #expect(receipt.claim == nil)
        }
    }

    @Test(arguments: [Outcome.committed, .failed])
    func `that another job has taken is not run: it gets a receipt of its own that repeats the first one's`(outcome: Outcome) throws {
        var harness = AttemptHarness(.sample(key: Self.key))
        harness.start()
        harness.feed(.leased)
        #expect(harness.feed(.flown(.opened(.done))) == [.fly(.lookUp(afterRollback: true, endTwin: false))])
        let holder = Self.holder(outcome)
        var repeated = holder.receipt
        repeated.job = .sample()
        #expect(harness.feed(.flown(.keyTaken(holder, LSN(rawValue: 5)))) == [.fly(.store(repeated, afterRollback: false))])
        harness.feed(.flown(.stored(LSN(rawValue: 9))))
        let reply = try #require(harness.reply)
        #expect(reply.id == JobIdentity.sample().id)
        #expect(reply.outcome == outcome && reply.payload == holder.receipt.payload)
        #expect(reply.token.lsn == LSN(rawValue: 9), "where its own receipt stands")
    }

    @Test(arguments: [("items.create", 2 as UInt8), ("items.drop", 1)])
    func `that is another piece of work's fails it, and says whose it is`(name: String, fingerprint: UInt8) throws {
        var harness = AttemptHarness(.sample(key: Self.key))
        harness.start()
        harness.feed(.leased)
        harness.feed(.flown(.opened(.done)))
        let holder = Self.holder(name: name, fingerprint: fingerprint)
        harness.feed(.flown(.keyTaken(holder, LSN(rawValue: 5))))
        guard case .store(let receipt, _)? = harness.lastFlight else {
            Issue.record("\(harness.actions)")
            return
        }
        #expect(receipt.outcome == .failed && receipt.failure?.code == "key-conflict" && receipt.claim == nil)
        let message = try #require(receipt.failure?.message)
        #expect(message.contains("order-42") && message.contains("items.create") && message.contains("\(holder.receipt.id)"), "\(message)")
        #expect(name == "items.create" || message.contains(name))
        let failure = try #require(receipt.failure)
        #expect(JobError.Code(outcome: .failed, failure: failure) == .keyConflict)
    }

    @Test func `that another job took meanwhile rolls it back, and it answers with that one's receipt`() {
        var harness = AttemptHarness(.sample(key: Self.key))
        harness.startCommitting()
        #expect(harness.feed(failed: .key, .uniqueViolation) == [.fly(.lookUp(afterRollback: true, endTwin: false))])
        harness.feed(.flown(.keyTaken(Self.holder(), LSN(rawValue: 5))))
        harness.feed(.flown(.stored(LSN(rawValue: 9))))
        #expect(harness.reply?.payload == Array("7".utf8))
        #expect(harness.discarded == 0)
    }

    @Test func `that another job took while this one's failure was stored makes it answer with that one's receipt`() {
        var harness = AttemptHarness(.sample(key: Self.key))
        harness.startRunning()
        harness.feed(.handlerEnded(.init(.threw(HandlerFailure(code: .handlerFailed, message: "no")))))
        #expect(harness.feed(failed: .key, .uniqueViolation) == [.fly(.lookUp(afterRollback: true, endTwin: false))])
        harness.feed(.flown(.keyTaken(Self.holder(), LSN(rawValue: 5))))
        harness.feed(.flown(.stored(LSN(rawValue: 9))))
        #expect(harness.reply?.outcome == .committed)
    }

    @Test func `a fence that came before the repeated receipt is the answer`() {
        var harness = AttemptHarness(.sample(key: Self.key))
        harness.start()
        harness.feed(.leased)
        harness.feed(.flown(.opened(.done)))
        harness.feed(.flown(.keyTaken(Self.holder(), LSN(rawValue: 5))))
        harness.feed(failed: .receipt, .uniqueViolation)
        harness.feed(.flown(.lookedUp(.sample(.cancelled), LSN(rawValue: 6))))
        #expect(harness.reply?.outcome == .cancelled)
    }

    @Test func `the lock is that of the piece of work, so that copies of it meet and no others`() {
        func number(_ change: (inout JobIdentity, inout JobKey?) -> Void) -> Int64 {
            var job = JobIdentity.sample()
            var key: JobKey? = Self.key
            change(&job, &key)
            return JobFlight.Parameters(job: job, key: key, epoch: .sample, knownPosition: .zero, options: HandlerOptions()).lockNumber
        }
        var generator = SplitMix64(seed: 11)
        let own = number { _, _ in }
        #expect(own == number { job, _ in job.id = JobID(unixMilliseconds: 1, using: &generator) })
        #expect(own == number { _, key in key?.fingerprint = [] })
        let others = [
            number { _, key in key = nil }, number { _, key in key?.text = "order-4" }, number { job, _ in job.scope = "other" },
            number { job, _ in job.name = "items.drop" }, number { job, _ in job.version = 2 },
        ]
        #expect(Set(others + [own]).count == 6)
    }

    @Test func `equal arguments give equal fingerprints, and a job may say what counts`() throws {
        struct Plain: Job {
            static let name = "plain"
            var amount: Int
            var place: String
        }
        struct Own: Job {
            static let name = "own"
            var order: Int
            var at: Double
            var keyFingerprint: String? { "\(self.order)" }
        }
        #expect(try Plain(amount: 1, place: "a").makeKey("k") == Plain(amount: 1, place: "a").makeKey("k"))
        #expect(try Plain(amount: 1, place: "a").makeKey("k") != Plain(amount: 2, place: "a").makeKey("k"))
        #expect(try Own(order: 1, at: 2).makeKey("k") == Own(order: 1, at: .nan).makeKey("k"))
        #expect(try Own(order: 1, at: 2).makeKey("k") != Own(order: 2, at: 2).makeKey("k"))
    }
}
