/// How the replay notifier polls, and its limits.
package struct ReplayNotifierConfiguration: Hashable, Sendable {
    /// How many may wait at once; the next one gets `replay-too-many-waiters`.
    package var maximumWaiters = 100_000
    /// The time between two polls while somebody waits who just came. One poll costs about 30 µs of CPU on either side.
    package var minimumPollInterval = Duration.microseconds(500)
    /// The time between two polls when the wait has become long. In between it is an eighth of the time waited so far.
    package var maximumPollInterval = Duration.milliseconds(20)
    /// The time between two looks for receipts of which no position is known.
    package var lookUpInterval = Duration.milliseconds(50)
    /// How many receipts one poll asks for at most.
    package var maximumReceiptsPerPoll = 1_000
    /// How many of them may be such whose position is not yet known to be replayed.
    package var maximumEarlyReceiptsPerPoll = 64
    /// How many bytes of WAL ahead of the last known position a receipt may lie to be asked for early.
    package var earlyReceiptWindow: UInt64 = 16 << 20
    /// How long a poll's position may serve waiters that come after it.
    package var viewLifetime = Duration.milliseconds(500)
    /// How long replay may be paused, or without a WAL receiver, before waiters fail. A primary's restart is no outage.
    package var stallGrace = Duration.seconds(10)
    /// How long a poll may take before its connection is given up.
    package var pollTimeout = Duration.seconds(5)
    /// How long a connection that nobody needs is kept.
    package var idleTimeout = Duration.seconds(60)
    /// The first pause after a connection failed; it doubles, with jitter, up to `maximumReconnectDelay`.
    package var minimumReconnectDelay = Duration.milliseconds(50)
    package var maximumReconnectDelay = Duration.seconds(2)

    package init() {}
}
