package import Logging
import Synchronization
import Tracing
package import WherryCore
import WherryEventLoop
package import WherryPostgres
package import WherryWire

/// Runs jobs and fences on a pool of connections to the primary: the shell of ``JobAttempt``.
///
/// Any number at once; each holds one connection while it needs one. Handlers run on the global executor, never on the event loop.
package final class JobRunner: Sendable {
    /// The bounds of a runner.
    package struct Configuration: Sendable {
        /// The worker's region, for handlers and errors.
        package var region: String
        /// Of every attempt.
        package var limits: JobAttempt.Limits
        /// The most bytes that an output, or a failure's payload, may have. Default: 4 MiB. Over it the job fails with `too-large`.
        package var maximumPayloadSize: Int
        /// How long a fence, or a question for the epoch or the position, may take. Default: 5 s, as long as a client waits for it.
        package var patience: Duration

        package init(
            region: String, limits: JobAttempt.Limits = JobAttempt.Limits(), maximumPayloadSize: Int = 4 << 20,
            patience: Duration = .seconds(5)
        ) {
            self.region = region
            self.limits = limits
            self.maximumPayloadSize = maximumPayloadSize
            self.patience = patience
        }
    }

    package let handlers: Handlers
    let pool: PostgresPool
    let configuration: Configuration
    private let logger: Logger
    let metrics: RunnerMetrics
    let tracer: (any Tracer)?
    /// The newest position that this process has seen flushed on the primary: a server behind it came back from a backup.
    let known = Locked<CausalToken?>(nil)

    /// - Parameters:
    ///   - pool: of connections to the primary; whoever made it runs it and shuts it down.
    ///   - metrics: shared by the runners of one worker; by default its own.
    package init(
        handlers: Handlers, pool: PostgresPool, configuration: Configuration, logger: Logger, metrics: RunnerMetrics? = nil
    ) {
        self.metrics = metrics ?? RunnerMetrics(offers: handlers.offers, region: configuration.region)
        self.tracer = InstrumentationSystem.tracerIfAny
        self.handlers = handlers
        self.pool = pool
        self.configuration = configuration
        self.logger = logger
    }

    /// What ``run(_:receivedAt:stop:onProgress:onRunning:)`` does, without count and trace.
    func perform(
        _ request: Request, receivedAt: MonotonicInstant, stop: JobStop,
        onProgress: @escaping @Sendable (Partial) -> Void, onRunning: @Sendable () -> Void
    ) async -> JobEnd {
        if let refusal = self.check(request) { return .refused(refusal) }
        let handler = self.handlers.handler(name: request.job.name, version: request.job.version, isRegionJob: request.isRegionJob)
        guard let handler else {
            let known = self.handlers.offers.map { "\($0.name) version \($0.version)" }.joined(separator: ", ")
            let message = "this worker has no handler for '\(request.job.name)' version \(request.job.version); it has: \(known)"
            return .refused(self.refusal(request.job.id, .unknownJob, message))
        }
        var logger = self.logger
        logger[metadataKey: LogKey.jobID] = "\(request.job.id)"
        logger[metadataKey: LogKey.jobName] = "\(request.job.name)"

        var body: Handler.Body?
        var undecodable: String?
        do {
            body = try handler.prepare(request.arguments, contentType: request.contentType)
        } catch {
            undecodable = "the arguments do not decode as \(request.job.name) version \(request.job.version): \(error)"
        }
        let attempt = JobAttempt(
            request: request, receivedAt: receivedAt, undecodable: undecodable, limits: self.configuration.limits,
            seed: .random(in: .min ... .max))
        let reporter = ProgressReporter(id: request.job.id, contentType: JobCodec.contentType, send: onProgress)
        let deadline = receivedAt + request.remaining
        let context = JobContext(
            id: request.job.id, name: request.job.name, attempts: request.attempts, redelivered: request.redelivered,
            deadline: ContinuousClock.now + (deadline - EventLoop.now), region: self.configuration.region,
            logger: logger, reporter: reporter)
        if request.isRegionJob {
            let run = RegionRun(
                request: request, receivedAt: receivedAt, body: body, undecodable: undecodable, context: context, handler: handler,
                reporter: reporter, stop: stop)
            return await self.run(run, logger: logger, onRunning: onRunning)
        }
        return await self.drive(attempt, options: handler.options, logger: logger) { connection in
            guard let body else { preconditionFailure("a job whose arguments do not decode is not run") }
            onRunning()
            reporter.begin()
            let end = await self.call(
                body, on: connection, context: context, options: handler.options, coding: handler.coding, deadline: deadline,
                stop: stop)
            if case .returned = end.result { reporter.end(returned: true) } else { reporter.end(returned: false) }
            return end
        }
    }

    /// Puts a fence's receipt in place, or tells the one that stands there already.
    @concurrent
    package func fence(_ fence: Fence, receivedAt: MonotonicInstant) async -> JobEnd {
        guard ![.committed, .failed].contains(fence.kind) else {
            return .refused(self.refusal(fence.job.id, .malformed, "a fence cannot be '\(fence.kind.rawValue)'"))
        }
        let attempt = JobAttempt(
            fence: fence, receivedAt: receivedAt, patience: self.configuration.patience, limits: self.configuration.limits,
            seed: .random(in: .min ... .max))
        var logger = self.logger
        logger[metadataKey: LogKey.jobID] = "\(fence.job.id)"
        logger[metadataKey: LogKey.jobName] = "\(fence.job.name)"
        let options = HandlerOptions(timeout: self.configuration.patience, lockTimeout: self.configuration.patience)
        return await self.drive(attempt, options: options, logger: logger) { _ in
            preconditionFailure("a fence has no handler")
        }
    }

    /// Which epoch the primary is in, and what time it is there; writes the epoch down if nobody has.
    ///
    /// - Throws: with SQLSTATE `WH004` if the server that is configured as the primary is a standby.
    @concurrent
    package func primaryStatus() async throws(PostgresError) -> PrimaryStatus {
        let lease = try await self.pool.lease(deadline: EventLoop.now + self.configuration.patience)
        do {
            let known = self.known.withLock { $0 }
            let status = try await EpochStore.establish(on: lease.connection, knownToken: known, logger: self.logger)
            lease.giveBack(discard: false)
            self.metrics.saw(status.epoch)
            return status
        } catch {
            lease.giveBack(discard: true)
            throw error
        }
    }

    /// The newest epoch that the database shows, be it a primary or a standby.
    @concurrent
    package func newestEpoch() async throws(PostgresError) -> Epoch? {
        let lease = try await self.pool.lease(deadline: EventLoop.now + self.configuration.patience)
        do {
            let row = try await lease.connection.query(EpochStore.newest).rows.first
            let epoch = try row.map { row throws(PostgresError) in try EpochStore.decode(row) }
            lease.giveBack(discard: false)
            return epoch
        } catch {
            lease.giveBack(discard: true)
            throw error
        }
    }

    /// A position of the primary that covers everything committed before the question: for reads that want `.global`.
    @concurrent
    package func position(in epoch: Epoch) async throws(PostgresError) -> CausalToken {
        let lease = try await self.pool.lease(deadline: EventLoop.now + self.configuration.patience)
        let check = JobFlight.Parameters.requireEpoch(epoch, knownPosition: self.knownPosition(in: epoch))
        let outcomes = await lease.connection.perform(Flight(check, JobFlight.position)).joined()
        if let error = outcomes.lazy.compactMap(\.error).first {
            lease.giveBack(discard: true)
            throw error
        }
        lease.giveBack(discard: false)
        guard let rows = outcomes.last?.result?.rows else { throw PostgresError(.unexpectedShape, "the position has no answer") }
        let token = CausalToken(epoch: epoch, lsn: try rows.scalar(as: LSN.self))
        self.remember(token)
        return token
    }
}
