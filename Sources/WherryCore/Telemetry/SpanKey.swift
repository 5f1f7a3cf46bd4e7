/// The attributes of spans. `docs/telemetry.md` has them all; a test compares the two.
package enum SpanKey: String, CaseIterable {
    /// Always `wherry`; with the next two as OpenTelemetry's conventions for messaging have them.
    case messagingSystem = "messaging.system"
    case messagingOperation = "messaging.operation.type"
    case messagingDestination = "messaging.destination.name"
    case jobID = "wherry.job.id"
    case jobVersion = "wherry.job.version"
    case region = "wherry.region"
    case outcome = "wherry.outcome"
    case attempts = "wherry.attempts"
    case redelivered = "wherry.redelivered"
    case lsn = "wherry.lsn"
}

/// The spans. `docs/telemetry.md` has them all; a test compares the two.
package enum SpanName: String, CaseIterable {
    /// A job from its submission to its end, in the client. Producer.
    case send
    /// A job in a worker, the handler's run included. Consumer.
    case process
    /// From the commit's news until the local replica shows the job. Internal.
    case replayWait = "replay wait"

    /// With what it is about, as OpenTelemetry names them: `send items.create`.
    package func of(_ jobName: String) -> String { "\(self.rawValue) \(jobName)" }
}
