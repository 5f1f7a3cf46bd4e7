import Foundation
import Synchronization

/// What this process needs before it can run servers, made once: the installation, the account, the scratch folder with its reaper, and an
/// initialised data folder to copy.
actor ServerHost {
    nonisolated let installation: PostgresInstallation
    nonisolated let account: ServerAccount?
    nonisolated let reaper: Reaper
    /// The superuser's password in every cluster that this process initialises. Whoever gets as far as the loopback has not got it.
    nonisolated let password: String

    /// Everything temporary is in it.
    nonisolated var scratch: String { self.reaper.folder }

    private var template: Task<String, any Error>?
    private var nextCluster = 1

    private init(installation: PostgresInstallation, account: ServerAccount?, reaper: Reaper) {
        self.installation = installation
        self.account = account
        self.reaper = reaper
        self.password = (0..<4).map { _ in String(UInt32.random(in: .min ... .max), radix: 36) }.joined()
    }

    /// The host of this process; found and started by the first who asks.
    static func shared() async throws(ClusterError) -> ServerHost {
        let task = Self.starting.withLock { starting in
            if let starting { return starting }
            let task = Task.detached { try await ServerHost.start() }
            starting = task
            return task
        }
        return try await ClusterError.only { try await task.value }
    }

    private static let starting = Mutex<Task<ServerHost, any Error>?>(nil)

    private static func start() async throws(ClusterError) -> ServerHost {
        let installation = try await PostgresInstallation.find()
        let account = try ServerAccount.forThisProcess()
        // Names of Unix sockets hold about a hundred bytes, and macOS's temporary folder takes half of them.
        let temporary = FileManager.default.temporaryDirectory.path
        let reaper = try await Reaper.start(parent: temporary.utf8.count <= 60 ? temporary : "/tmp", account: account)
        return ServerHost(installation: installation, account: account, reaper: reaper)
    }

    /// A command as the servers' account, working where the reaper finds it. A name without a slash is one of PostgreSQL's programs.
    nonisolated func command(
        _ program: String,
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) -> Command {
        Command(
            executable: program.contains("/") ? program : self.installation.path(of: program),
            arguments: arguments,
            input: input,
            environment: environment,
            workingDirectory: self.scratch,
            account: self.account
        )
    }

    /// A shell script as the servers' account, which ends at the first command that fails.
    @discardableResult
    nonisolated func shell(
        _ script: String, _ arguments: [String], input: String = "", within limit: Duration = .seconds(60)
    ) async throws(ClusterError) -> String {
        var command = Command.shell("set -e\n" + script, name: "wherry-shell", arguments: arguments, input: input)
        command.workingDirectory = self.scratch
        command.account = self.account
        return try await command.run(within: limit)
    }

    /// One of ``ServerProcesses``' functions, on a data folder, which it knows as `$1`.
    nonisolated func signal(_ call: String, dataFolder: String) async throws(ClusterError) {
        try await self.shell("set +e\n" + ServerProcesses.functions + call, [dataFolder])
    }

    /// Makes a folder for a cluster's sockets, and for its servers if it is temporary.
    func makeClusterFolder() async throws(ClusterError) -> String {
        let folder = "\(self.scratch)/\(self.nextCluster)"
        self.nextCluster += 1
        try await self.command("/bin/mkdir", [folder]).run()
        return folder
    }

    /// Makes a data folder of a server that has never run.
    ///
    /// - Parameter fresh: true: by `initdb`, which takes a second, for a system identifier of its own; false: a copy of one that this process
    ///   keeps, so that all such clusters share a system identifier, as clusters that were restored from one backup do.
    func makeDataFolder(_ folder: String, fresh: Bool) async throws(ClusterError) {
        if fresh { return try await self.initialise(folder) }
        if self.template == nil {
            let path = "\(self.scratch)/template"
            self.template = Task {
                try await self.initialise(path)
                return path
            }
        }
        guard let template = self.template else { return }
        let path = try await ClusterError.only { try await template.value }
        #if os(Linux)
            let copy = ["-R", "--reflink=auto", path, folder]
        #else
            let copy = ["-R", path, folder]
        #endif
        try await self.command("/bin/cp", copy).run()
    }

    private nonisolated func initialise(_ folder: String) async throws(ClusterError) {
        // `--pwfile` wants a file; a here-document's descriptor is one. The socket needs no password: only the account gets into its folder.
        let script = """
            read -r password
            initdb=$1 folder=$2
            "$initdb" --pgdata="$folder" --username=postgres --pwfile=/dev/fd/3 --auth-local=trust --auth-host=scram-sha-256 \
                --encoding=UTF8 --locale=C --no-sync --no-instructions 3<<END >/dev/null
            $password
            END
            echo "include_if_exists = 'wherry.conf'" >> "$folder/postgresql.conf"
            """
        try await self.shell(
            script, [self.installation.path(of: "initdb"), folder], input: self.password + "\n", within: .seconds(120))
    }
}

extension ClusterError {
    /// Runs a body that throws nothing but errors of this type, or cancellation.
    static func only<Result>(_ body: () async throws -> Result) async throws(ClusterError) -> Result {
        do {
            return try await body()
        } catch let error as ClusterError {
            throw error
        } catch is CancellationError {
            throw ClusterError(.cancelled, "the task was cancelled")
        } catch {
            throw ClusterError(.commandFailed, "unexpected", cause: error)
        }
    }
}
