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

    func build() async throws(ClusterError) -> (primary: PostgresServer, replicas: [PostgresServer]) {
        let password = try await self.prepareFolder()
        let primary = try await self.launch(self.configuration.primary, password: password) { server throws(ClusterError) in
            try await self.host.makeDataFolder(server.dataFolder, fresh: self.isKept || self.configuration.ownSystemIdentifier)
        }
        var replicas: [PostgresServer] = []
        for region in self.configuration.replicas {
            let replica = try await self.launch(region, following: primary, password: password) { server throws(ClusterError) in
                try await primary.makeSlot(for: server)
                try await server.copy(primary)
            }
            replicas.append(replica)
        }
        for replica in replicas { try await replica.waitUntilStreaming() }
        return (primary, replicas)
    }

    /// Clears up after a start that failed.
    func abandon() async throws(ClusterError) {
        for region in [self.configuration.primary] + self.configuration.replicas {
            let dataFolder = "\(self.base)/\(region)/data"
            try await self.host.shell("end \"$1\" \(self.isKept ? "INT 100" : "QUIT 30")", dataFolder: dataFolder)
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
            return try await self.host.command("/bin/sh", ["-ec", script, "prepare", folder], input: self.host.password).run()
        } catch {
            let account = self.host.account.map { "the account \($0.name), which the servers run as," } ?? "this user"
            throw ClusterError(.folder, "\(account) cannot write to \(folder): \(error.message)", cause: error.cause)
        }
    }

    /// Makes a server's data folder unless it is there, finds a port, starts it.
    private func launch(
        _ region: String,
        following primary: PostgresServer? = nil,
        password: String,
        making make: (PostgresServer) async throws(ClusterError) -> Void
    ) async throws(ClusterError) -> PostgresServer {
        let folder = "\(self.base)/\(region)"
        var attempt = 1
        while true {
            let server = PostgresServer(
                name: region,
                port: try FreePort.choose(),
                folder: folder,
                socketFolder: self.socketFolder,
                host: self.host,
                password: password,
                settings: self.isKept ? .durable : .temporary
            )
            if let primary { await server.add(server.standbySettings(following: primary, through: nil)) }
            await server.add(self.configuration.settings)
            if !FileManager.default.fileExists(atPath: "\(folder)/data/PG_VERSION") {
                try await self.host.command("/bin/mkdir", ["-p", folder]).run()
                try await make(server)
            }
            if self.isKept { try await self.host.reaper.keep(server.dataFolder) }
            do {
                try await server.start()
                return server
            } catch  where error.code == .portTaken && attempt < Self.portAttempts {
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
