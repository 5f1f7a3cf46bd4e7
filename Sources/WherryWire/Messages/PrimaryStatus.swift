package import WherryCore

/// What the primary's clock and history looked like to a worker a moment ago.
package struct PrimaryStatus: Hashable, Sendable {
    package var epoch: Epoch
    /// Milliseconds since 1970 by the primary's clock at the time of sending. A broker adds the time that it kept it.
    package var unixMilliseconds: Int64

    package init(epoch: Epoch, unixMilliseconds: Int64) {
        self.epoch = epoch
        self.unixMilliseconds = unixMilliseconds
    }
}
