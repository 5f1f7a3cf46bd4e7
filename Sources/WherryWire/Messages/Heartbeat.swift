/// A sign of life.
package struct Heartbeat: Hashable, Sendable {
    /// From workers and brokers.
    package var primary: PrimaryStatus?

    package init(primary: PrimaryStatus? = nil) {
        self.primary = primary
    }
}
