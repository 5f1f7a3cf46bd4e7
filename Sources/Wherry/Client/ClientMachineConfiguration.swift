import WherryCore
import WherryWire

/// What the client machine is told once: who it is, where its brokers are, and its limits.
package struct ClientMachineConfiguration: Hashable, Sendable {
    /// Where brokers listen: those without a region, and those of `primaryRegion`, are the primary's region's, to one of which each write job
    /// is sent; the others are for region jobs.
    package var brokers: [BrokerAddress]
    /// How often host names of brokers are looked up.
    package var resolving = BrokerDirectory.Times()
    /// The region of this client.
    package var region: String
    /// The region of the primary.
    package var primaryRegion: String
    /// Drawn anew by each process: 16 bytes.
    package var incarnation: [UInt8]
    /// Whose jobs these are, where no key says so.
    package var scope = "default"

    /// How many jobs may be pending; the next one is refused at once (`overloaded`).
    package var maximumPendingJobs = 10_000
    /// How many bytes a job's arguments may have (`tooLarge`).
    package var maximumArgumentBytes = 1 << 20
    /// How many jobs one broker may hold for this client; the others wait here. Below what a broker allows a client, so that waiting is the
    /// rule and `overloaded` the exception.
    package var maximumOutstandingPerBroker = 2_000

    /// The local server that reads go to is the primary itself, so that what has committed is visible here.
    package var readsFromPrimary = false

    /// A job whose name no worker offers is sent again until its deadline, for a deploy may bring one that does; otherwise it ends at once.
    package var waitsForUnknownJobs = true
    /// The longest pause between two such tries.
    package var maximumUnknownJobDelay = Duration.seconds(2)

    /// How many job ids one HELLO may carry.
    package var maximumIDsPerHello = WireLimits().maximumIDs

    /// Without an acknowledgement for this long, the broker is asked what it holds, and the replica what became of the job.
    package var acknowledgementTimeout = Duration.seconds(1)
    /// Without news of an acknowledged job for this long, its broker is asked whether it still holds it.
    package var statusInterval = Duration.seconds(5)
    /// How long a fence may stay without an answer before the handle is undecided.
    package var fenceTimeout = Duration.seconds(5)
    /// The pause before a copy that was handed back is sent again; doubles with each, with jitter, up to `maximumResendDelay`.
    package var minimumResendDelay = Duration.milliseconds(50)
    package var maximumResendDelay = Duration.seconds(8)

    /// Until a broker says otherwise.
    package var heartbeatInterval = Duration.seconds(1)
    /// After so many intervals without any traffic a broker counts as dead.
    package var livenessIntervals = 3
    /// How long a region job is kept whose broker fell silent: if that comes back and still has it, nothing is lost.
    package var regionJobGrace = Duration.seconds(5)

    /// The first pause before a lost link is opened again; doubles, with jitter, up to `maximumReconnectDelay`.
    package var minimumReconnectDelay = Duration.milliseconds(250)
    package var maximumReconnectDelay = Duration.seconds(8)

    /// Redeliveries as a share of first sends, and how many there may be a second in any case.
    package var redeliveryShare = 0.1
    package var redeliveryFloor = 10

    package init(brokers: [BrokerAddress], region: String, primaryRegion: String, incarnation: [UInt8]) {
        self.brokers = brokers
        self.region = region
        self.primaryRegion = primaryRegion
        self.incarnation = incarnation
    }
}
