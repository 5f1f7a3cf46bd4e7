import Foundation

/// A real PostgreSQL primary with any number of streaming replicas on this machine.
///
/// Temporary, or kept in a folder of yours. As root its servers run as the account `postgres` or `nobody`. Nothing is left behind when the
/// process ends, by whatever end: temporary servers are stopped and their folders removed, kept ones are shut down.
public final class Cluster: Sendable {
    /// What a cluster is made of.
    public struct Configuration: Sendable {
        /// The primary's region; default `primary`.
        public var primary = "primary"
        /// The replicas' regions; default one, `replica`.
        public var replicas = ["replica"]
        /// Networks between the primary and the replicas, by the replica's region: their replication goes through a ``WANProxy``. Default none.
        public var replicationLinks: [String: WANLink] = [:]
        /// Where to keep it. Default `nil`: it is temporary. A folder that holds a cluster already is opened again, with the same regions.
        public var folder: String?
        /// Ports on 127.0.0.1 that the servers have if they are free, by region; default none: any free ones.
        public var preferredPorts: [String: Int] = [:]
        /// Whether servers that still run in ``folder`` are shut down first; default false: then it cannot be opened.
        ///
        /// Only for an owner who knows, by a lock of its own, that nobody else uses the folder: the process that started them was killed.
        public var takesOver = false
        /// Settings of all servers, which win over ``ServerSettings/temporary``, or ``ServerSettings/durable`` if it is kept.
        public var settings: ServerSettings = [:]
        /// Whether it gets a system identifier of its own, which takes a second more; default false.
        ///
        /// All other temporary clusters of a process share one, as servers do that were restored from one backup.
        public var ownSystemIdentifier = false

        /// The defaults.
        public init() {}
    }

    /// The server that was made the primary; it stays this one after a failover.
    public let primary: PostgresServer
    /// The servers that were made replicas.
    public let replicas: [PostgresServer]

    /// The proxies that replication goes through, by the replica's region; see ``Configuration/replicationLinks``.
    public let replicationProxies: [String: WANProxy]

    private let host: ServerHost
    /// Removed when the cluster stops.
    private let temporaryFolder: String
    private let isKept: Bool

    private init(parts: ClusterBuilder.Parts, host: ServerHost, temporaryFolder: String, isKept: Bool) {
        self.primary = parts.primary
        self.replicas = parts.replicas
        self.replicationProxies = parts.replicationProxies
        self.host = host
        self.temporaryFolder = temporaryFolder
        self.isKept = isKept
    }

    /// All servers, the first primary first.
    public var servers: [PostgresServer] { [self.primary] + self.replicas }

    /// The server of a region, if there is one.
    public subscript(region: String) -> PostgresServer? {
        self.servers.first { $0.name == region }
    }

    /// The first replica.
    ///
    /// - Precondition: there is one.
    public var replica: PostgresServer {
        guard let replica = self.replicas.first else { preconditionFailure("a cluster without replicas was asked for its replica") }
        return replica
    }

    /// Starts a cluster; ready for connections, and its replicas streaming, when this returns.
    ///
    /// - Throws: `notInstalled`, `noAccount`, `folder`, `configuration`, or what kept a server from starting.
    public static func start(_ configuration: Configuration = Configuration()) async throws(ClusterError) -> Cluster {
        try configuration.validate()
        let host = try await ServerHost.shared()
        let sockets = try await host.makeClusterFolder()
        let builder = ClusterBuilder(configuration: configuration, host: host, socketFolder: sockets)
        do {
            let parts = try await builder.build()
            return Cluster(parts: parts, host: host, temporaryFolder: sockets, isKept: configuration.folder != nil)
        } catch {
            try? await builder.abandon()
            throw error
        }
    }

    /// Starts a cluster, runs a body with it, and stops it however the body ends.
    public static func withCluster<Result>(
        _ configuration: Configuration = Configuration(),
        _ body: (Cluster) async throws -> Result
    ) async throws -> Result {
        let cluster = try await Cluster.start(configuration)
        do {
            let result = try await body(cluster)
            try await cluster.stop()
            return result
        } catch {
            try? await cluster.stop()
            throw error
        }
    }

    /// Waits until every replica has replayed all that the primary has flushed when this is called.
    public func waitUntilCaughtUp(within limit: Duration = .seconds(30)) async throws(ClusterError) {
        for replica in self.replicas { try await replica.waitUntilCaughtUp(with: self.primary, within: limit) }
    }

    /// Stops all servers, and removes their folders if they are temporary. Fine if they have stopped or crashed; fine twice.
    public func stop() async throws(ClusterError) {
        for proxy in self.replicationProxies.values { await proxy.stop() }
        for server in self.servers {
            if self.isKept {
                try await self.host.signal("end \"$1\" INT 100", dataFolder: server.dataFolder)
                try await self.host.reaper.forget(server.dataFolder)
            } else {
                try await self.host.signal("end \"$1\" QUIT 30", dataFolder: server.dataFolder)
            }
        }
        try await self.host.command("/bin/rm", ["-rf", self.temporaryFolder]).run()
    }
}

extension Cluster.Configuration {
    /// - Throws: `configuration`.
    func validate() throws(ClusterError) {
        let regions = [self.primary] + self.replicas
        for region in regions {
            guard let first = region.first, first.isASCII, first.isLetter, region.utf8.count <= 40,
                region.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
            else {
                throw ClusterError(
                    .configuration,
                    "\"\(region)\" cannot name a region here: a letter, then at most 39 letters, digits, - and _"
                )
            }
        }
        let keys = regions.map { $0.lowercased().replacing("-", with: "_") }
        guard Set(keys).count == keys.count else {
            throw ClusterError(.configuration, "regions must differ by more than case, - and _: \(regions.joined(separator: ", "))")
        }
        if let stranger = self.replicationLinks.keys.first(where: { !self.replicas.contains($0) }) {
            throw ClusterError(.configuration, "there is a replication link to \"\(stranger)\", which is no replica's region")
        }
        if let folder, !folder.hasPrefix("/") || folder.contains(where: \.isNewline) {
            throw ClusterError(.configuration, "the folder to keep a cluster in must be an absolute path on one line: \(folder)")
        }
    }
}
