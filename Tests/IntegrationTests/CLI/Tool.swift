import Foundation
import Subprocess
import SystemPackage

/// The tool `wherry` as it was built, run as a process.
enum Tool {
    /// How a run ended.
    struct Run: Sendable {
        /// The exit status; the negative signal if it was killed by one.
        var status: Int32
        var output: String
        var errors: String
    }

    /// More output than this is a failure.
    private static let outputLimit = 1 << 20

    /// Runs it to its end, without what this process's environment says about databases.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Run {
        let result = try await Subprocess.run(
            Self.configuration(arguments, environment: environment), output: .string(limit: Self.outputLimit),
            error: .string(limit: Self.outputLimit))
        return Run(status: Self.status(result.terminationStatus), output: result.standardOutput, errors: result.standardError)
    }

    /// The same.
    static func run(_ arguments: String...) async throws -> Run {
        try await Self.run(arguments)
    }

    /// Starts `wherry broker`, lets the body work with it once it listens, and waits for its end.
    ///
    /// - Parameter body: gets its endpoints, a way to send it a signal and its standard input.
    static func withBroker(
        _ arguments: String..., body: @Sendable ([String], @Sendable (Signal) throws -> Void, StandardInputWriter) async throws -> Void
    ) async throws -> Run {
        let configuration = Self.configuration(["broker"] + arguments, environment: [:])
        let binds = arguments.count { $0 == "--bind" }
        let result = try await Subprocess.run(configuration, input: .inputWriter, output: .sequence, error: .discarded) { execution in
            var endpoints: [String] = []
            for try await line in execution.standardOutput.strings() {
                endpoints.append(line.replacing("listening on ", with: "").trimmingCharacters(in: .newlines))
                guard endpoints.count == binds else { continue }
                try await body(endpoints, { try execution.send(signal: $0) }, execution.standardInputWriter)
            }
            return endpoints
        }
        return Run(
            status: Self.status(result.terminationStatus), output: result.closureResult.joined(separator: "\n"), errors: "")
    }

    /// Starts the tool, lets the body work once it has printed a certain line, and waits for its end.
    ///
    /// - Parameters:
    ///   - arguments: of the tool.
    ///   - line: the last line that is waited for.
    ///   - body: gets all lines up to that one, and a way to send a signal.
    static func withRunning(
        _ arguments: [String], until line: String,
        body: @Sendable ([String], @Sendable (Signal) throws -> Void) async throws -> Void
    ) async throws -> Run {
        let result = try await Subprocess.run(
            Self.configuration(arguments, environment: [:]), input: .none, output: .sequence, error: .string(limit: Self.outputLimit)
        ) { execution in
            var lines: [String] = []
            for try await text in execution.standardOutput.strings() {
                lines.append(text.trimmingCharacters(in: .newlines))
                if lines.last == line { try await body(lines) { try execution.send(signal: $0) } }
            }
            return lines
        }
        return Run(
            status: Self.status(result.terminationStatus), output: result.closureResult.joined(separator: "\n"),
            errors: result.standardError)
    }

    private static func configuration(_ arguments: [String], environment: [String: String]) -> Configuration {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        var variables: [Environment.Key: String] = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        for (name, value) in environment { variables[Environment.Key(stringLiteral: name)] = value }
        var options = PlatformOptions()
        options.processGroupID = 0
        return Configuration(
            executable: .path(FilePath(folder.appending(path: "wherry").path)),
            arguments: Arguments(arguments),
            environment: .custom(variables),
            platformOptions: options
        )
    }

    private static func status(_ status: TerminationStatus) -> Int32 {
        switch status {
        case .exited(let code): code
        case .signaled(let signal): -signal
        }
    }
}
