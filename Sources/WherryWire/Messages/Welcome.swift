package import WherryCore

/// Who the broker is, and what it knows: the answer to HELLO, and news to clients.
package struct Welcome: Hashable, Sendable {
    /// The broker's, drawn anew by each process that starts: 16 bytes. A refusal is bound to it.
    package var incarnation: [UInt8]
    package var region: String
    /// Of a client's `outstanding`, those that this broker does not hold.
    package var disowned: [JobID]
    /// What workers offer now, sorted by name and version. Cut off at the limit, so a name that is missing from a full list proves nothing.
    package var offers: [Offer]
    /// The newest that workers reported; `nil` before the first worker came.
    package var primary: PrimaryStatus?
    /// How often each side says something.
    package var heartbeatInterval: Duration
    /// The largest payload that the broker takes, in bytes: of REQUEST, PARTIAL, REPLY and OUTCOME.
    package var maximumPayloadSize: Int

    package init(
        incarnation: [UInt8], region: String, disowned: [JobID], offers: [Offer], primary: PrimaryStatus?, heartbeatInterval: Duration,
        maximumPayloadSize: Int
    ) {
        self.incarnation = incarnation
        self.region = region
        self.disowned = disowned
        self.offers = offers
        self.primary = primary
        self.heartbeatInterval = heartbeatInterval
        self.maximumPayloadSize = maximumPayloadSize
    }
}
