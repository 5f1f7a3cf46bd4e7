package import WherryCore
package import WherryEventLoop

/// Finds the addresses of host names. Tests have one that answers what they say.
package protocol HostResolver: Sendable {
    /// Looks a name up, and tells the answer on the loop. Never blocks; may take as long as it takes.
    func resolve(_ host: String, on loop: EventLoop, _ answer: @escaping @Sendable (BrokerDirectory.Answer) -> Void)
}
