import Subprocess
import SystemPackage

/// A process that the demo starts and watches.
///
/// Its standard input is a pipe that stays open as long as this process lives: each of the demo's programs ends with it, so none is left
/// behind, however this process ends. It has a process group of its own, so that Ctrl-C reaches only this process, which then ends the
/// others in good order.
struct DemoProcess: Sendable {
    enum Event: Sendable {
        case started(Killer)
        /// A line of its standard output.
        case line(String)
        /// The last lines of its standard error say why, if it was no wish of ours.
        case ended(how: String, lastWords: [String])
    }

    /// Kills a process with SIGKILL, without warning.
    struct Killer: Sendable {
        let processID: Int32
        fileprivate let order: AsyncStream<Void>.Continuation

        func kill() {
            self.order.yield()
        }
    }

    /// Absolute path of the program.
    let program: String
    let arguments: [String]
    /// Added to this process's environment.
    var environment: [String: String] = [:]

    /// So many lines of its standard error are kept.
    private static let lastWordsLimit = 20
    /// So long may it take to end when asked to.
    private static let patience = Duration.seconds(5)

    /// Runs it to its end; if the task is cancelled, it is asked to end, and killed if it does not.
    func run(_ report: @Sendable (Event) -> Void) async {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: Self.patience)]
        let configuration = Subprocess.Configuration(
            executable: .path(FilePath(self.program)),
            arguments: Arguments(self.arguments),
            environment: .inherit.updating(Dictionary(uniqueKeysWithValues: self.environment.map { (.init(stringLiteral: $0), $1) })),
            platformOptions: options
        )
        let (orders, order) = AsyncStream.makeStream(of: Void.self)
        do {
            let result = try await Subprocess.run(configuration, input: .inputWriter, output: .sequence, error: .sequence) { execution in
                report(.started(Killer(processID: execution.processIdentifier.value, order: order)))
                async let lastWords = Self.lastWords(execution.standardError)
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        for await _ in orders { try execution.send(signal: .kill) }
                    }
                    for try await line in execution.standardOutput.strings() { report(.line(line.trimmingNewlines)) }
                    group.cancelAll()
                }
                return try await lastWords
            }
            report(.ended(how: "\(result.terminationStatus)", lastWords: result.closureResult))
        } catch {
            report(.ended(how: "\(error)", lastWords: []))
        }
    }

    private static func lastWords(_ standardError: SubprocessOutputSequence) async throws -> [String] {
        var lines: [String] = []
        for try await line in standardError.strings() {
            lines.append(line.trimmingNewlines)
            if lines.count > Self.lastWordsLimit { lines.removeFirst() }
        }
        return lines
    }
}

extension String {
    fileprivate var trimmingNewlines: String {
        String(self.prefix { !$0.isNewline })
    }
}
