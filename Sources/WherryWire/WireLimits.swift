/// How large anything in a message may be. What is larger is refused by whoever receives it.
///
/// The defaults are part of the protocol (`docs/wire-protocol.md`): a peer may send whatever lies within them. Only the payload's differs
/// between brokers; WELCOME says it.
package struct WireLimits: Hashable, Sendable {
    /// A job's name, in UTF-8 bytes.
    package var maximumNameLength = 200
    /// An idempotency key, in UTF-8 bytes.
    package var maximumKeyLength = 200
    /// A scope, in UTF-8 bytes.
    package var maximumScopeLength = 200
    /// A region's name, in UTF-8 bytes.
    package var maximumRegionLength = 200
    /// A content type, in UTF-8 bytes.
    package var maximumContentTypeLength = 200
    /// The code of a job's failure, in UTF-8 bytes.
    package var maximumCodeLength = 200
    /// Text for people, in UTF-8 bytes. What is longer is cut off where it is sent.
    package var maximumTextLength = 4_096
    /// A trace context, all keys and values together, in UTF-8 bytes. A larger one is left out where it is sent.
    package var maximumTraceContextSize = 4_096
    /// The offers of one HELLO or WELCOME.
    package var maximumOffers = 1_000
    /// The queues, and the workers, of one STATUS.
    package var maximumStatusEntries = 500
    /// The job ids of one HELLO or WELCOME.
    package var maximumIDs = 10_000
    /// How many workers died while they ran a job.
    package var maximumAttempts = 1_000_000
    /// The jobs that a worker may be willing to hold.
    package var maximumCapacity = 100_000
    /// The first frame, in bytes.
    package var maximumEnvelopeSize = 512 * 1024
    /// The second frame, in bytes: a job's arguments, progress or output.
    package var maximumPayloadSize = 8 * 1024 * 1024
    /// A duration; a longer one counts as this.
    package var maximumDuration = Duration.seconds(366 * 86_400)

    package init() {}
}
