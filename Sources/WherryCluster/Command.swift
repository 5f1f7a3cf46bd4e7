import Subprocess
import SystemPackage

/// A program that is run to its end: as the servers' account, with a clean environment and a deadline.
struct Command: Sendable {
    /// Absolute path of the program.
    var executable: String
    var arguments: [String]
    /// Text for its standard input.
    var input = ""
    /// Added to the clean environment.
    var environment: [String: String] = [:]
    /// Where it works. For everything that is run for a cluster this lies within the process's scratch folder, by which the reaper knows it.
    var workingDirectory = "/"
    /// Whom it runs as; `nil`: as this process.
    var account: ServerAccount?

    /// A shell script; by its environment, so that it does not fill the list of processes.
    ///
    /// - Parameter name: how it is called there.
    static func shell(_ script: String, name: String, arguments: [String], input: String = "") -> Command {
        Command(
            executable: "/bin/sh", arguments: ["-c", "eval \"$WHERRY_SCRIPT\"", name] + arguments, input: input,
            environment: ["WHERRY_SCRIPT": script])
    }

    /// Most output of each kind that is kept: 16 MiB. More is an error.
    static let outputLimit = 16 << 20

    /// Runs it and gives back its standard output without the last newline.
    ///
    /// - Parameter limit: afterwards it is killed.
    /// - Throws: `commandFailed` with its standard error, `timedOut`, `cancelled`.
    @discardableResult
    func run(within limit: Duration = .seconds(60)) async throws(ClusterError) -> String {
        let name = self.executable.split(separator: "/").last.map(String.init) ?? self.executable
        do {
            return try await withThrowingTaskGroup(of: String.self) { group in
                group.addTask { try await self.output(name: name) }
                group.addTask {
                    try await Task.sleep(for: limit)
                    throw ClusterError(.timedOut, "\(name) did not end within \(limit): \(self.arguments.joined(separator: " "))")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? ""
            }
        } catch let error as ClusterError {
            throw error
        } catch is CancellationError {
            throw ClusterError(.cancelled, "\(name) was cancelled")
        } catch {
            throw ClusterError(.commandFailed, "cannot run \(self.executable)", cause: error)
        }
    }

    private func output(name: String) async throws -> String {
        let result = try await Subprocess.run(
            self.configuration,
            input: .string(self.input),
            output: .string(limit: Self.outputLimit),
            error: .string(limit: Self.outputLimit)
        )
        let output = result.standardOutput
        guard result.terminationStatus.isSuccess else {
            try Task.checkCancellation()
            let said = [result.standardError, output].map { $0.trimmingNewlines() }.filter { !$0.isEmpty }.joined(separator: "\n")
            throw ClusterError(.commandFailed, "\(name) ended with \(result.terminationStatus): \(said)")
        }
        return output.trimmingNewlines()
    }

    /// How swift-subprocess is told all this.
    var configuration: Subprocess.Configuration {
        // Nothing is inherited: PGHOST, PGSERVICE, PGOPTIONS and their like would lead the PostgreSQL programs elsewhere, LANG would
        // translate what they say.
        var variables: [Environment.Key: String] = ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"]
        for (name, value) in self.environment { variables[Environment.Key(stringLiteral: name)] = value }
        let program = [self.executable] + self.arguments
        let words = self.account.map { $0.prefix + program } ?? program
        return Subprocess.Configuration(
            executable: .path(FilePath(words[0])), arguments: Arguments(Array(words.dropFirst())), environment: .custom(variables),
            workingDirectory: FilePath(self.workingDirectory))
    }
}

extension String {
    /// Without the newlines at its end.
    func trimmingNewlines() -> String {
        String(self[..<(self.lastIndex { !$0.isNewline }.map { self.index(after: $0) } ?? self.startIndex)])
    }
}
