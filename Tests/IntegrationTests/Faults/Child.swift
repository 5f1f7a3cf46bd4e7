import Foundation
import Subprocess
import Synchronization
import SystemPackage
import WherryTestKit

/// A program of this package as a process that a test kills, freezes and asks to end. It ends with this process, whose pipe is its input.
final class Child: Sendable {
    private struct State {
        var lines: [String] = []
        var processID: pid_t?
        /// As a shell would have it; the negative signal if one killed it.
        var status: Int32?
    }

    let name: String
    private let state: Mutex<State>
    private let task: Mutex<Task<Void, Never>?>

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - name: of the executable, which stands next to the tests'; or its path.
    ///   - environment: besides a PATH.
    init(_ name: String, _ arguments: [String] = [], environment: [String: String] = [:]) async throws {
        self.name = name
        self.state = Mutex(State())
        self.task = Mutex(nil)
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        var variables: [Environment.Key: String] = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        for (key, value) in environment { variables[Environment.Key(stringLiteral: key)] = value }
        var options = PlatformOptions()
        options.processGroupID = 0
        let configuration = Configuration(
            executable: .path(FilePath(name.hasPrefix("/") ? name : folder.appending(path: name).path)), arguments: Arguments(arguments),
            environment: .custom(variables), platformOptions: options)
        let task = Task { await self.run(configuration) }
        self.task.withLock { $0 = task }
        try await eventually("\(name) starts") { self.state.withLock { $0.processID != nil } }
    }

    private func run(_ configuration: Configuration) async {
        do {
            let result = try await Subprocess.run(configuration, input: .inputWriter, output: .sequence, error: .discarded) { execution in
                self.state.withLock { $0.processID = execution.processIdentifier.value }
                for try await line in execution.standardOutput.strings() {
                    self.state.withLock { $0.lines.append(line.trimmingCharacters(in: .newlines)) }
                }
            }
            let status: Int32 =
                switch result.terminationStatus {
                case .exited(let code): code
                case .signaled(let signal): -signal
                }
            self.state.withLock { $0.status = status }
        } catch {
            self.state.withLock { $0.status = -1000 }
        }
    }

    // MARK: What it says

    var lines: [String] { self.state.withLock { $0.lines } }

    /// Waits until it has said something.
    func says(_ line: String, within limit: Duration = .seconds(30)) async throws {
        try await eventually("\(self.name) says '\(line)'", within: limit, read: { self.lines }, until: { $0.contains(line) })
    }

    // MARK: What befalls it

    func kill() { self.send(SIGKILL) }
    func freeze() { self.send(SIGSTOP) }
    func thaw() { self.send(SIGCONT) }
    func terminate() { self.send(SIGTERM) }

    private func send(_ signal: Int32) {
        // After its end the number may be somebody else's.
        self.state.withLock { state in
            if let processID = state.processID, state.status == nil { _ = Glibc.kill(processID, signal) }
        }
    }

    /// Waits for its end.
    ///
    /// - Returns: its exit status; the negative signal if one killed it.
    @discardableResult
    func ends(within limit: Duration = .seconds(30)) async throws -> Int32 {
        try await eventually("\(self.name) ends", within: limit, read: { self.state.withLock { $0.status } }, until: { $0 != nil }) ?? 0
    }

    var hasEnded: Bool { self.state.withLock { $0.status != nil } }

    /// Kills it, frozen or not, and waits until it is gone.
    func destroy() async {
        self.kill()
        await self.task.withLock { $0 }?.value
    }
}
