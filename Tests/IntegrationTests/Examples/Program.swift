import Foundation
import Subprocess
import SystemPackage

/// A program of this package as it was built, run as a process.
struct Program: Sendable {
    /// A program that ended before it said what was waited for.
    struct EndedEarly: Error, CustomStringConvertible {
        let description: String
    }

    let name: String
    var arguments: [String] = []
    /// Besides these it has only a PATH.
    var environment: [String: String] = [:]

    /// More output than this is a failure.
    private static let outputLimit = 1 << 20
    /// So long may it take to end when asked to.
    private static let patience = Duration.seconds(10)

    /// Runs it to its end.
    func run() async throws -> Tool.Run {
        let result = try await Subprocess.run(
            self.configuration, output: .string(limit: Self.outputLimit), error: .string(limit: Self.outputLimit))
        return Tool.Run(status: Self.status(result.terminationStatus), output: result.standardOutput, errors: result.standardError)
    }

    /// Runs it for the time of a body, which begins when the program has printed a line that was waited for; then ends it as SIGTERM does.
    ///
    /// - Parameters:
    ///   - match: what a line that was waited for tells.
    ///   - body: gets it.
    func whileRunning<Match: Sendable, Result: Sendable>(
        waitingFor match: @Sendable (String) -> Match?, _ body: @Sendable (Match) async throws -> Result
    ) async throws -> Result {
        let outcome = try await Subprocess.run(self.configuration, input: .none, output: .sequence, error: .discarded) { execution in
            var lines = execution.standardOutput.strings().makeAsyncIterator()
            while let line = try await lines.next() {
                guard let found = match(line.trimmingCharacters(in: .newlines)) else { continue }
                let result = try await body(found)
                try execution.send(signal: .terminate)
                while try await lines.next() != nil {}
                return result as Result?
            }
            return nil
        }
        guard let result = outcome.closureResult else {
            throw EndedEarly(description: "\(self.name) ended (\(outcome.terminationStatus)) before it was ready")
        }
        return result
    }

    /// Runs it for the time of a body, which begins at once; then ends it as SIGTERM does.
    func whileRunning<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        let outcome = try await Subprocess.run(self.configuration, input: .none, output: .discarded, error: .discarded) { execution in
            let result = try await body()
            try execution.send(signal: .terminate)
            return result
        }
        return outcome.closureResult
    }

    private var configuration: Configuration {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        var variables: [Environment.Key: String] = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        for (name, value) in self.environment { variables[Environment.Key(stringLiteral: name)] = value }
        var options = PlatformOptions()
        // Where a body throws, the program is asked to end, then killed.
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: Self.patience)]
        return Configuration(
            executable: .path(FilePath(folder.appending(path: self.name).path)),
            arguments: Arguments(self.arguments),
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
