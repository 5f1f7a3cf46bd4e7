/// Who takes part in a run, by name.
struct ChaosCast: Sendable {
    var brokers = ["broker-1", "broker-2"]
    var workers = ["worker-1", "worker-2", "worker-3"]
    /// The last one stands in the primary's region and reads from the primary, the others each beside a replica.
    var apps = ["app-1", "app-2", "app-3"]

    /// Everybody who connects to brokers and to a database.
    var nodes: [String] { self.workers + self.apps }

    /// The links that are broken one by one: from each node to each broker, and to its database.
    var links: [String] {
        self.nodes.flatMap { node in (self.brokers + ["database"]).map { Self.link(from: node, to: $0) } }
    }

    static func link(from node: String, to end: String) -> String { "\(node)→\(end)" }
}
