import Synchronization
import Tracing
import WherryCore
import WherryJobs
import WherryWire

/// The spans of one pending job in its client. The event loop has no task-locals, so they stay with the job, and their context in them.
final class JobTrace: Sendable {
    /// The client's.
    let region: String
    private let name: String
    private let tracer: any Tracer
    private let span: any Span
    private let replayWait = Locked<(any Span)?>(nil)
    /// For the envelope.
    let carrier: [String: String]

    /// Begins a job's span, as a child of what the current task is in.
    init(_ name: String, version: Int, region: String, tracer: any Tracer) {
        self.region = region
        self.name = name
        self.tracer = tracer
        self.span = tracer.startSpan(SpanName.send.of(name), ofKind: .producer)
        var carrier: [String: String] = [:]
        tracer.inject(self.span.context, into: &carrier, using: TraceCarrier())
        self.carrier = carrier
        self.span.updateAttributes { attributes in
            attributes[SpanKey.messagingSystem.rawValue] = "wherry"
            attributes[SpanKey.messagingOperation.rawValue] = SpanName.send.rawValue
            attributes[SpanKey.messagingDestination.rawValue] = name
            attributes[SpanKey.jobVersion.rawValue] = version
            attributes[SpanKey.region.rawValue] = region
        }
    }

    func identified(_ id: JobID) {
        self.span.attributes[SpanKey.jobID.rawValue] = "\(id)"
    }

    /// From now on the replica is waited for.
    func committed(_ reply: Reply) {
        let wait = self.tracer.startSpan(SpanName.replayWait.of(self.name), context: self.span.context, ofKind: .internal)
        wait.attributes[SpanKey.lsn.rawValue] = "\(reply.token.lsn)"
        self.replayWait.withLock { $0 = wait }
    }

    /// - Parameter error: what its caller is told, if not an output.
    func ended(_ completion: ClientMachine.Completion, _ error: JobError?) {
        let wait = self.replayWait.withLock { wait in
            defer { wait = nil }
            return wait
        }
        if let wait {
            if let error { wait.setStatus(SpanStatus(code: .error, message: error.message)) }
            wait.end()
        }
        self.span.attributes[SpanKey.outcome.rawValue] = completion.label
        if let error {
            self.span.recordError(error)
            self.span.setStatus(SpanStatus(code: .error, message: error.message))
        } else {
            self.span.setStatus(SpanStatus(code: .ok))
        }
        self.span.end()
    }
}

extension PendingJob {
    /// Ends its spans.
    func endTrace(_ completion: ClientMachine.Completion) {
        guard let trace else { return }
        switch completion {
        case .visible, .answered: return trace.ended(completion, nil)
        default: break
        }
        var progress = self.progress
        progress.completion = completion
        trace.ended(completion, JobEnding(progress, of: self, region: trace.region).makeError())
    }
}
