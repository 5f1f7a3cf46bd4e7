import Foundation

/// How a cluster comes to be: folders, ports, base backups.
struct ClusterBuilder: Sendable {
    let configuration: Cluster.Configuration
    let host: ServerHost
    /// For Unix sockets, and for the servers' folders if the cluster is temporary.
    let socketFolder: String

    /// A port that was free when it was chosen may be taken a moment later: so often another one is tried.
    static let portAttempts = 10

    private var base: String { self.configuration.folder ?? self.socketFolder }
    private var isKept: Bool { self.configuration.folder != nil }

    /// What it builds.
    struct Parts {
        var primary: PostgresServer
        var replicas: [PostgresServer] = []
        var replicationProxies: [String: WANProxy] = [:]
    }

    func build() async throws(ClusterError) -> Parts {
        let password = try await self.prepareFolder()
        let primary = try await self.launch(self.configuration.primary, password: password) { _, folder throws(ClusterError) in
            try await self.host.makeDataFolder(folder, fresh: self.isKept || self.configuration.ownSystemIdentifier)
        }
        var parts = Parts(primary: primary)
        do {
            for region in self.configuration.replicas {
                if let link = self.configuration.replicationLinks[region] {
                    parts.replicationProxies[region] = try await WANProxy.start(target: primary.port, link: link)
                }
                let settings = { (server: PostgresServer) in
                    server.standbySettings(following: primary, through: parts.replicationProxies[region]?.port)
                }
                let replica = try await self.launch(region, password: password, settings: settings) { server, folder throws(ClusterError) in
                    try await primary.makeSlot(for: server)
                    try await server.copy(primary, to: folder)
                }
                parts.replicas.append(replica)
            }
            for replica in parts.replicas { try await replica.waitUntilStreaming() }
        } catch {
            for proxy in parts.replicationProxies.values { await proxy.stop() }
            throw error
        }
        return parts
    }

    /// Clears up after a start that failed.
    func abandon() async throws(ClusterError) {
        for region in [self.configuration.primary] + self.configuration.replicas {
            let dataFolder = "\(self.base)/\(region)/data"
            try await self.host.signal("end \"$1\" \(self.isKept ? "INT 100" : "QUIT 30")", dataFolder: dataFolder)
            if self.isKept { try await self.host.reaper.forget(dataFolder) }
        }
        try await self.host.command("/bin/rm", ["-rf", self.socketFolder]).run()
    }

    /// Makes sure of the folder; gives back the cluster's password.
    private func prepareFolder() async throws(ClusterError) -> String {
        guard let folder = self.configuration.folder else { return self.host.password }
        if let account = self.host.account, !FileManager.default.fileExists(atPath: folder) {
            // Only root gets here, who may make a folder anywhere and give it away.
            do {
                try FileManager.default.createDirectory(
                    atPath: folder,
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700, .ownerAccountID: account.userID, .groupOwnerAccountID: account.groupID]
                )
            } catch {
                throw ClusterError(.folder, "cannot make \(folder)", cause: error)
            }
        }
        // The password is written first, so a folder that has it belongs to a cluster.
        let script = """
            umask 077
            mkdir -p "$1" && cd "$1" && [ -w . ]
            [ -f password ] || cat > password
            cat password
            """
        do {
            return try await self.host.shell(script, [folder], input: self.host.password)
        } catch {
            let account = self.host.account.map { "the account \($0.name), which the servers run as," } ?? "this user"
            throw ClusterError(.folder, "\(account) cannot write to \(folder): \(error.message)", cause: error.cause)
        }
    }

    /// The port that is wanted, if it is free, and a free one if it is not or was taken after all.
    private func choosePort(for region: String, attempt: Int) throws(ClusterError) -> Int {
        if attempt == 1, let wanted = self.configuration.preferredPorts[region], FreePort.isFree(wanted) { return wanted }
        return try FreePort.choose()
    }

    /// Makes a server's data folder unless it is there, finds a port, starts it.
    ///
    /// - Parameters:
    ///   - settings: besides the configuration's.
    ///   - make: makes the data folder, in the place that it is given. It is moved when it is whole, so one that was left half-made is never
    ///     taken for one.
    private func launch(
        _ region: String, password: String, settings: (PostgresServer) -> ServerSettings = { _ in [:] },
        making make: (PostgresServer, String) async throws(ClusterError) -> Void
    ) async throws(ClusterError) -> PostgresServer {
        let folder = "\(self.base)/\(region)"
        var attempt = 1
        while true {
            let server = PostgresServer(
                name: region, port: try self.choosePort(for: region, attempt: attempt), folder: folder, socketFolder: self.socketFolder,
                host: self.host,
                password: password, settings: self.isKept ? .durable : .temporary)
            await server.add(settings(server).merging(self.configuration.settings))
            if !FileManager.default.fileExists(atPath: server.dataFolder) {
                let part = "\(folder)/part"
                try await self.host.shell("mkdir -p \"$1\"; rm -rf \"$2\"", [folder, part])
                try await make(server, part)
                try await self.host.command("/bin/mv", [part, server.dataFolder]).run()
            }
            if self.isKept {
                if self.configuration.takesOver { try await self.host.signal("end \"$1\" INT 100", dataFolder: server.dataFolder) }
                try await self.host.reaper.keep(server.dataFolder)
            }
            do {
                try await server.start()
                return server
            } catch {
                guard error.code == .portTaken, attempt < Self.portAttempts else { throw error }
                attempt += 1
            }
        }
    }
}

extension PostgresServer {
    /// Before the first start.
    fileprivate func add(_ settings: ServerSettings) {
        self.settings = self.settings.merging(settings)
    }
}
