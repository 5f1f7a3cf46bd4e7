import Foundation

/// Where PostgreSQL's server programs are on this machine.
public struct PostgresInstallation: Sendable, Hashable {
    /// The folder with `postgres`, `initdb`, `pg_ctl`, `pg_basebackup`, `pg_rewind`, `psql`.
    public let binaries: String
    /// The major version, such as 15.
    public let majorVersion: Int

    /// The oldest major version that is supported: the first one whose `pg_rewind` and `pg_stat_wal_receiver` do what the cluster asks.
    public static let oldestMajorVersion = 14

    /// The programs that must be there.
    static let programs = ["postgres", "initdb", "pg_ctl", "pg_basebackup", "pg_rewind", "psql"]

    /// Finds it: in the folder that the environment variable `WHERRY_PG_BIN` names, else where `pg_config` says, else the newest of
    /// `/usr/lib/postgresql/*/bin`, else in `PATH`.
    ///
    /// - Throws: `notInstalled`, with every place that was looked at and what to install.
    public static func find() async throws(ClusterError) -> Self {
        try await self.find(environment: ProcessInfo.processInfo.environment)
    }

    static func find(environment: [String: String]) async throws(ClusterError) -> Self {
        var candidates: [String] = []
        if let chosen = environment["WHERRY_PG_BIN"] {
            candidates = [chosen]
        } else {
            let path = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
            if let config = path.map({ "\($0)/pg_config" }).first(where: FileManager.default.isExecutableFile(atPath:)),
                let folder = try? await Command(executable: config, arguments: ["--bindir"]).run()
            {
                candidates.append(folder)
            }
            let debian = "/usr/lib/postgresql"
            let versions = ((try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []).compactMap(Int.init).sorted(by: >)
            candidates += versions.map { "\(debian)/\($0)/bin" }
            candidates += path
        }
        var reasons: [String] = []
        for folder in candidates where !folder.isEmpty {
            let missing = Self.programs.filter { !FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
            guard missing.isEmpty else {
                if missing != Self.programs { reasons.append("\(folder) has no \(missing.joined(separator: ", "))") }
                continue
            }
            guard let version = await Self.majorVersion(of: folder) else {
                reasons.append("\(folder)/postgres does not tell its version")
                continue
            }
            guard version >= Self.oldestMajorVersion else {
                reasons.append("\(folder) is version \(version), older than \(Self.oldestMajorVersion)")
                continue
            }
            return PostgresInstallation(binaries: folder, majorVersion: version)
        }
        throw ClusterError(
            .notInstalled,
            """
            no PostgreSQL server programs (version \(Self.oldestMajorVersion) or newer) found. Install them: on Debian and Ubuntu \
            `apt install postgresql`, on macOS `brew install postgresql`; or set WHERRY_PG_BIN to the folder that holds `initdb`. \
            Looked at: \(candidates.filter { !$0.isEmpty }.joined(separator: ", "))\
            \(reasons.isEmpty ? "" : "; " + reasons.joined(separator: "; "))
            """
        )
    }

    /// Reads `postgres (PostgreSQL) 15.13 (Debian …)`; also `16beta1`.
    private static func majorVersion(of folder: String) async -> Int? {
        guard let text = try? await Command(executable: "\(folder)/postgres", arguments: ["--version"]).run(),
            let number = text.split(separator: " ").first(where: { $0.first?.isNumber == true })
        else { return nil }
        return Int(number.prefix(while: \.isNumber))
    }

    func path(of program: String) -> String {
        "\(self.binaries)/\(program)"
    }
}
