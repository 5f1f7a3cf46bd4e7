import Logging
import WherryCore
import WherryEventLoop
import WherryPostgres
import WherryWire

/// Region jobs: the gate, then the handler in a read-only transaction on the same connection. No receipt, so a refusal says that the handler
/// was not called, and anything else is an answer.
extension JobRunner {
    /// How often a handler of an idempotent job is called when the server ends its statement, as a recovery conflict does.
    private static let maximumTries = 3

    func run(_ run: RegionRun, logger: Logger, onRunning: @Sendable () -> Void) async -> JobEnd {
        var tries = 0
        while true {
            tries += 1
            let end = await self.attempt(run, mayRetry: run.handler.isIdempotent && tries < Self.maximumTries, logger, onRunning)
            if let end { return end }
        }
    }

    /// One attempt; `nil` if it is to be made again.
    private func attempt(_ run: RegionRun, mayRetry: Bool, _ logger: Logger, _ onRunning: @Sendable () -> Void) async -> JobEnd? {
        let id = run.request.job.id
        let lease: PostgresPool.Lease
        do {
            lease = try await self.pool.lease(deadline: run.deadline)
        } catch {
            if Task.isCancelled { return .refused(self.refusal(id, .drained, "this worker is shutting down")) }
            return .refused(self.refusal(id, Judgement.isCrowding(error) ? .overloaded : .unavailable, Judgement.explain(error)))
        }
        let leased = EventLoop.now
        var seen: CausalToken
        switch await self.pass(run, on: lease.connection) {
        case .passed(let token): seen = token
        case .refused(let refused, let isConnectionGood):
            lease.giveBack(discard: !isConnectionGood, reset: false)
            return .refused(refused)
        }
        var timings: [Leg: Duration] = [.workerLease: leased - run.receivedAt]
        guard let body = run.body else {
            lease.giveBack(reset: false)
            let failure = HandlerFailure(code: .undecodableArguments, message: run.undecodable ?? "the arguments do not decode")
            return self.reply(run, failure: failure, seen: seen, timings)
        }
        if let error = await self.begin(run, on: lease.connection) {
            lease.giveBack(discard: true)
            return .refused(self.refusal(id, .unavailable, Judgement.explain(error)))
        }
        let begun = EventLoop.now
        timings[.begin] = begun - leased
        onRunning()
        run.reporter.begin()
        let ended = await self.call(
            body, on: lease.connection, context: run.context, options: run.options, coding: run.handler.coding, deadline: run.deadline,
            stop: run.stop)
        if case .returned = ended.result { run.reporter.end(returned: true) } else { run.reporter.end(returned: false) }
        timings[.handler] = EventLoop.now - begun
        if let later = await self.end(on: lease, after: ended) { seen = later }
        return self.judge(ended, of: run, mayRetry: mayRetry, seen: seen, timings)
    }

    // MARK: Gate and transaction

    private enum Passage {
        case passed(CausalToken)
        case refused(Refused, isConnectionGood: Bool)
    }

    /// Waits until the database shows what the job must see.
    private func pass(_ run: RegionRun, on connection: PostgresConnection) async -> Passage {
        let id = run.request.job.id
        let start = EventLoop.now
        while true {
            let observation: RegionGate.Observation
            do {
                observation = try RegionGate.read(await connection.perform(RegionGate.flight))
            } catch {
                return .refused(self.refusal(id, .unavailable, Judgement.explain(error)), isConnectionGood: false)
            }
            if let problem = observation.problem, !Judgement.isInfrastructure(problem, in: .lookUp) {
                return .refused(self.refusal(id, .unavailable, Judgement.explain(problem)), isConnectionGood: false)
            }
            switch RegionGate.judge(observation, for: run.request.waitFor) {
            case .open(let seen): return .passed(seen)
            case .wait where run.stop.isCancelled:
                return .refused(self.refusal(id, .cancelled, "its caller gave it up before it began"), isConnectionGood: true)
            case .wait: break
            case .foreign(let epoch):
                var refused = self.refusal(id, .wrongEpoch, "the database of \(self.configuration.region) is at \(epoch)")
                if let token = run.request.waitFor { refused.message += ", and what the job is to see at \(token.epoch)" }
                refused.epoch = epoch
                return .refused(refused, isConnectionGood: true)
            }
            let pause = RegionGate.pause(after: EventLoop.now - start)
            if EventLoop.now + pause >= run.deadline {
                let position = observation.position.map(\.description) ?? "an unknown position"
                let wanted = run.request.waitFor.map { ", waiting for \($0.lsn)" } ?? ""
                let message = "its deadline passed while the database of \(self.configuration.region) stood at \(position)\(wanted)"
                return .refused(self.refusal(id, .expired, message), isConnectionGood: true)
            }
            do {
                try await Task.sleep(for: pause)
            } catch {
                return .refused(self.refusal(id, .drained, "this worker is shutting down"), isConnectionGood: true)
            }
        }
    }

    /// Begins a transaction that cannot be made to write. The SELECT takes a snapshot, after which the server lets nobody change that any more.
    private func begin(_ run: RegionRun, on connection: PostgresConnection) async -> PostgresError? {
        let options = run.options
        let flight = Flight([
            [
                SQL(unsafe: "BEGIN ISOLATION LEVEL \(options.isolation.rawValue), READ ONLY"),
                """
                SELECT pg_catalog.set_config('statement_timeout', \(Self.setting(options.timeout)), true), \
                pg_catalog.set_config('lock_timeout', \(Self.setting(options.lockTimeout)), true), \
                pg_catalog.set_config('idle_in_transaction_session_timeout', \(Self.setting(options.idleTimeout)), true)
                """,
            ]
        ])
        return await connection.perform(flight).joined().lazy.compactMap(\.error).first
    }

    /// Ends the transaction, and asks what its reads saw at most.
    private func end(on lease: PostgresPool.Lease, after ended: JobAttempt.HandlerEnd) async -> CausalToken? {
        switch ended.result {
        case .returned, .threw: break
        default:
            lease.giveBack(discard: true)
            return nil
        }
        let answers = await lease.connection.perform(Flight([["ROLLBACK"]] + RegionGate.flight.segments))
        let isGood = answers.first?.first?.error == nil
        let seen = isGood ? try? RegionGate.read(Array(answers.dropFirst())).token : nil
        lease.giveBack(discard: !isGood)
        return seen
    }

    private static func setting(_ duration: Duration) -> String {
        "\(min(max(duration.saturatedNanoseconds / 1_000_000, 1), Int64(Int32.max)))ms"
    }

    // MARK: Answers

    private func judge(
        _ ended: JobAttempt.HandlerEnd, of run: RegionRun, mayRetry: Bool, seen: CausalToken, _ timings: [Leg: Duration]
    ) -> JobEnd? {
        let failure: HandlerFailure
        switch ended.result {
        case .drained:
            let message = "its worker shut down while it ran"
            return .refused(self.refusal(run.request.job.id, .regionJobLost, message))
        case .stopped(let code, let message):
            return .refused(self.refusal(run.request.job.id, code, message))
        case .timedOut:
            failure = HandlerFailure(code: .timedOut, message: JobError.Code.timedOut.advice)
        case .cancelledStatement:
            let message = "the handler cancelled a statement of its own, after which its transaction cannot go on"
            failure = HandlerFailure(code: .handlerFailed, message: message)
        case .returned(let output):
            guard let error = ended.firstFailure else { return self.reply(run, output: output, seen: seen, timings) }
            if mayRetry, Judgement.isInfrastructure(error, in: .handler) { return nil }
            failure = HandlerFailure(swallowed: error)
        case .threw(let thrown):
            if mayRetry, let error = ended.firstFailure, Judgement.isInfrastructure(error, in: .handler) { return nil }
            failure = thrown
        }
        return self.reply(run, failure: failure, seen: seen, timings)
    }

    private func reply(
        _ run: RegionRun, output: [UInt8] = [], failure: HandlerFailure? = nil, seen: CausalToken, _ timings: [Leg: Duration]
    ) -> JobEnd {
        var timings = timings
        timings[.worker] = EventLoop.now - run.receivedAt
        let payload = failure?.payload ?? output
        let contentType = failure?.contentType ?? run.handler.coding.contentType
        return .reply(
            Reply(
                id: run.request.job.id, outcome: failure == nil ? .committed : .failed, token: seen, fromReceipt: false,
                failure: failure?.failure, timings: timings, contentType: contentType, payload: payload))
    }
}
