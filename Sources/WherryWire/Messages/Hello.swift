package import WherryCore

/// Who I am, and what I hold. It may be said again at any time.
package struct Hello: Hashable, Sendable {
    package enum Role: Hashable, Sendable {
        /// `outstanding`: jobs that the client believes this broker to hold. If there are more than one HELLO may carry, it sends several.
        case client(outstanding: [JobID])
        /// `running`: the jobs that the worker still works on, for whichever broker; `capacity` as in CREDIT.
        case worker(offers: [Offer], running: [JobID], capacity: Int, primary: PrimaryStatus?)
    }

    package var role: Role
    /// Drawn anew by each client and each worker that starts: 16 bytes. A HELLO with an incarnation that the broker knows comes from the same
    /// peer on a new connection, and replaces the old one.
    package var incarnation: [UInt8]
    package var region: String

    package init(role: Role, incarnation: [UInt8], region: String) {
        self.role = role
        self.incarnation = incarnation
        self.region = region
    }
}
