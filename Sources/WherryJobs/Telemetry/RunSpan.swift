package import Tracing
import WherryCore
package import WherryWire

/// The span of one copy of a job in a worker, a child of the one that its caller's client sent along.
package struct RunSpan: Sendable {
    /// That of the job that the current task runs.
    @TaskLocal static var current: RunSpan?

    private let span: any Span

    package init(_ request: Request, region: String, tracer: any Tracer) {
        var context = ServiceContext.topLevel
        tracer.extract(request.traceContext, into: &context, using: TraceCarrier())
        self.span = tracer.startSpan(SpanName.process.of(request.job.name), context: context, ofKind: .consumer)
        self.span.updateAttributes { attributes in
            attributes[SpanKey.messagingSystem.rawValue] = "wherry"
            attributes[SpanKey.messagingOperation.rawValue] = SpanName.process.rawValue
            attributes[SpanKey.messagingDestination.rawValue] = request.job.name
            attributes[SpanKey.jobID.rawValue] = "\(request.job.id)"
            attributes[SpanKey.jobVersion.rawValue] = request.job.version
            attributes[SpanKey.region.rawValue] = region
            attributes[SpanKey.attempts.rawValue] = request.attempts
            attributes[SpanKey.redelivered.rawValue] = request.redelivered
        }
    }

    /// What a handler finds as its `ServiceContext.current`.
    package var context: ServiceContext { self.span.context }

    /// The handler threw.
    func failed(_ error: any Error) {
        self.span.recordError(error)
    }

    package func end(_ end: JobEnd) {
        switch end {
        case .reply(let reply):
            self.span.attributes[SpanKey.outcome.rawValue] = reply.outcome.rawValue
            self.span.attributes[SpanKey.lsn.rawValue] = "\(reply.token.lsn)"
            if reply.outcome == .committed {
                self.span.setStatus(SpanStatus(code: .ok))
            } else {
                self.span.setStatus(SpanStatus(code: .error, message: reply.failure?.message ?? reply.outcome.rawValue))
            }
        case .refused(let refused):
            self.span.attributes[SpanKey.outcome.rawValue] = "refused"
            self.span.setStatus(SpanStatus(code: .error, message: "\(refused.code.rawValue): \(refused.message)"))
        }
        self.span.end()
    }
}
