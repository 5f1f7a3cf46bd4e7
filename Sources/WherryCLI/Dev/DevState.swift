/// What one run leaves for the next, in `.wherry/state.json`.
struct DevState: Hashable, Sendable, Codable {
    var primary: String
    var replica: String
    /// Ports of the last run, which the next one tries to have again: `syd`, `lax`, `broker`, `crossing`.
    var ports: [String: Int] = [:]
    /// The folder that exists as long as anybody clears up after the last run; `nil` once it ended in good order.
    var scratch: String?
    /// Which boot of the machine that was.
    var boot: String?

    init(primary: String, replica: String) {
        self.primary = primary
        self.replica = replica
    }

    /// The names of ports that are no server's.
    enum PortName {
        static let broker = "broker"
        static let crossing = "crossing"
    }

    /// Why this run cannot go on with what that one left; `nil` if it can.
    func obstacle(primary: String, replica: String) -> String? {
        if self.primary == primary, self.replica == replica { return nil }
        return "here are \(self.primary) (primary) and \(self.replica) (replica), not \(primary) and \(replica): "
            + "name those with --primary and --replica, or start anew with --reset"
    }
}
