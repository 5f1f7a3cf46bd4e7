import Logging
import Synchronization
import WherryCore
import WherryEventLoop
import WherryPostgres
import WherryWire

extension JobRunner {
    /// Carries out what an attempt wants, feeds back what happened, until it ends.
    func drive(
        _ attempt: JobAttempt, options: HandlerOptions, logger: Logger,
        handler: (PostgresConnection) async -> JobAttempt.HandlerEnd
    ) async -> JobEnd {
        var attempt = attempt
        var lease: PostgresPool.Lease?
        var actions = attempt.start(now: EventLoop.now)
        while true {
            var event: JobAttempt.Event?
            for action in actions {
                switch action {
                case .lease(let deadline):
                    do {
                        lease = try await self.pool.lease(deadline: deadline)
                        event = .leased
                    } catch {
                        event = Task.isCancelled ? .drained : .leaseFailed(error)
                    }
                case .fly(let flight):
                    let connection = Self.held(lease).connection
                    guard let epoch = attempt.epoch else { preconditionFailure("nothing is sent before the epoch is known") }
                    let parameters = self.parameters(epoch, of: attempt, options: options)
                    let segments = flight.segments(parameters).map { $0.map(\.sql) }
                    let outcome = flight.outcome(of: await connection.perform(Flight(segments)), parameters)
                    Self.trace(outcome, of: flight, logger)
                    event = .flown(outcome)
                case .runHandler:
                    event = .handlerEnded(await handler(Self.held(lease).connection))
                case .giveBack(let discard):
                    Self.held(lease).giveBack(discard: discard)
                    lease = nil
                case .wait(let pause):
                    do {
                        try await Task.sleep(for: pause)
                        event = .waited
                    } catch {
                        event = .drained
                    }
                case .establishEpoch:
                    do {
                        event = .epochEstablished(try await self.primaryStatus().epoch)
                    } catch {
                        event = Task.isCancelled ? .drained : .epochFailed(error)
                    }
                case .end(let end):
                    precondition(lease == nil, "an attempt ended without giving its connection back")
                    self.finish(end, logger: logger)
                    return end
                }
            }
            guard let event else { preconditionFailure("an attempt neither ended nor waits for anything") }
            actions = attempt.handle(event, now: EventLoop.now)
        }
    }

    /// How long a cancelled handler may take to end. Then its job goes on without it, and its slot is free for another.
    private static let strayPatience = Duration.seconds(1)

    /// Runs a handler in its transaction, up to its limit.
    func call(
        _ body: @escaping Handler.Body, on connection: PostgresConnection, context: JobContext, options: HandlerOptions,
        coding: any JobCoding, deadline: MonotonicInstant, stop: JobStop
    ) async -> JobAttempt.HandlerEnd {
        stop.reset()
        // Whoever gave the job up while it waited for a connection need not see it begin.
        if stop.isCancelled { return JobAttempt.HandlerEnd(Self.result(of: .cancelled)) }
        let end = EventLoop.now + options.timeout
        // Often enough that one touch may be late.
        let watch = TransactionWatch(interval: options.idleTimeout / 3, limit: min(end, deadline)) {
            stop.stop(deadline < end ? .expired : .timedOut)
        }
        let transaction = await Transaction(connection: connection, watch: watch)
        let handler = HandlerTask(stop: stop) { try await body(transaction, context) }
        let result: Race
        if let reason = await stop.wait() {
            handler.cancel()
            // The handle is dead from here on, so that the handler cannot get between the cancellation and the rollback.
            await transaction.end()
            await connection.cancel()
            if await !handler.ends(within: Self.strayPatience) {
                context.logger.error("a handler ignores its cancellation: it is left behind, without its transaction")
            }
            result = .stopped(reason)
        } else {
            guard let ended = handler.result else { preconditionFailure("a handler that has returned has a result") }
            result = .handler(ended)
        }
        let firstFailure = await transaction.end()
        if case .handler = result, firstFailure?.sqlState == .queryCanceled, await !connection.isHealthy, !Task.isCancelled {
            return JobAttempt.HandlerEnd(.cancelledStatement, firstFailure: firstFailure)
        }
        return JobAttempt.HandlerEnd(self.judge(result, coding: coding), firstFailure: firstFailure)
    }

    private func judge(_ race: Race, coding: any JobCoding) -> JobAttempt.HandlerEnd.Result {
        switch race {
        case .handler(.success(let output)) where output.count > self.configuration.maximumPayloadSize:
            let limit = "the worker's limit (maximumPayloadSize) is \(self.configuration.maximumPayloadSize)"
            let message = "the handler's output has \(output.count) bytes; \(limit)"
            return .threw(HandlerFailure(code: .tooLarge, message: message))
        case .handler(.success(let output)):
            return .returned(output)
        case .handler(.failure) where Task.isCancelled:
            return .drained
        case .handler(.failure(let error)):
            return .threw(HandlerFailure(thrown: error, maximumPayload: self.configuration.maximumPayloadSize, coding: coding))
        case .stopped(let reason):
            return Self.result(of: reason)
        }
    }

    private static func result(of reason: JobStop.Reason) -> JobAttempt.HandlerEnd.Result {
        switch reason {
        case .timedOut: .timedOut
        case .expired: .stopped(.expired, "its deadline passed while its handler ran, which was cancelled")
        case .cancelled: .stopped(.cancelled, "its caller gave it up while its handler ran, which was cancelled")
        case .drained: .drained
        }
    }

    /// Who came first: the handler, or what stops it.
    private enum Race: Sendable {
        case handler(Result<[UInt8], any Error>)
        case stopped(JobStop.Reason)
    }

    private static func held(_ lease: PostgresPool.Lease?) -> PostgresPool.Lease {
        guard let lease else { preconditionFailure("an attempt wants a connection that it has not leased") }
        return lease
    }

    // MARK: What is known

    func parameters(_ epoch: Epoch, of attempt: JobAttempt, options: HandlerOptions) -> JobFlight.Parameters {
        JobFlight.Parameters(
            job: attempt.job, key: attempt.key, epoch: epoch, knownPosition: self.knownPosition(in: epoch), options: options)
    }

    func knownPosition(in epoch: Epoch) -> LSN {
        let known = self.known.withLock { $0 }
        return known.map { $0.epoch == epoch ? $0.lsn : .zero } ?? .zero
    }

    func remember(_ token: CausalToken) {
        self.known.withLock { known in
            known = known?.merged(with: token) ?? token
        }
    }

    // MARK: Checks and logs

    /// What a request must fulfil before anything is done for it.
    func check(_ request: Request) -> Refused? {
        let problem: String? =
            if JobCodec.digest(request.arguments) != request.job.digest {
                "the digest is not that of the arguments"
            } else {
                nil
            }
        return problem.map { self.refusal(request.job.id, .malformed, $0) }
    }

    func refusal(_ id: JobID, _ code: Refused.Code, _ message: String) -> Refused {
        Refused(id: id, code: code, message: message, incarnation: [], neverDispatched: false)
    }

    private func finish(_ end: JobEnd, logger: Logger) {
        switch end {
        case .reply(let reply):
            self.remember(reply.token)
            logger.debug("job ended", metadata: [LogKey.outcome: "\(reply.outcome.rawValue)", LogKey.lsn: "\(reply.token.lsn)"])
        case .refused(let refused) where refused.code == .unavailable:
            logger.warning("job not run to an outcome", metadata: [LogKey.error: "\(refused.message)"])
        case .refused(let refused):
            logger.debug("job refused", metadata: [LogKey.outcome: "\(refused.code.rawValue)", LogKey.error: "\(refused.message)"])
        }
    }

    private static func trace(_ outcome: JobFlight.Outcome, of flight: JobFlight, _ logger: Logger) {
        guard case .failed(let step, let error) = outcome else { return }
        logger.debug(
            "a step of a job failed: \(step)",
            metadata: [LogKey.error: "\(error)", LogKey.sqlState: "\(error.sqlState?.rawValue ?? "-")"])
    }
}
