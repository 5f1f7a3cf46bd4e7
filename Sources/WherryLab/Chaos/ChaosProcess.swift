import Foundation
import Subprocess
import Synchronization
import SystemPackage

/// A process of a run, from its start to its end.
///
/// Its standard input is a pipe that stays open as long as this process lives: each of the run's programs ends with it. It has a process group of
/// its own: Ctrl-C does not reach it, and if this process dies while it is frozen, the kernel hangs it up (POSIX, `_exit`: a stopped group that
/// becomes orphaned is sent SIGHUP and SIGCONT). So nobody is left behind, however this process ends.
final class ChaosProcess: Sendable {
    let name: String
    private let orders: AsyncStream<Signal>.Continuation
    private let life: Task<String?, Never>
    private let voice: Voice

    private init(name: String, orders: AsyncStream<Signal>.Continuation, life: Task<String?, Never>, voice: Voice) {
        self.name = name
        self.orders = orders
        self.life = life
        self.voice = voice
    }

    /// Whether it has printed anything.
    private final class Voice: Sendable {
        let wasHeard = Mutex(false)
    }

    /// What to run.
    struct Program: Sendable {
        /// Absolute path.
        var path: String
        var arguments: [String]
        /// Added to this process's environment.
        var environment: [String: String] = [:]
        /// The file that gets what it prints, behind what is there.
        var output: String
    }

    /// Starts it.
    static func start(_ name: String, _ program: Program) -> ChaosProcess {
        let (orders, order) = AsyncStream.makeStream(of: Signal.self)
        // Lives as long as the process, which may outlive whoever started it, but not this one.
        let voice = Voice()
        let life = Task { await Self.run(program, orders, voice) }
        return ChaosProcess(name: name, orders: order, life: life, voice: voice)
    }

    /// Sends it a signal; one that has ended gets none.
    func send(_ signal: Signal) {
        self.orders.yield(signal)
    }

    /// Kills it without warning, and waits until it is gone.
    func kill() async {
        self.send(.kill)
        _ = await self.life.value
    }

    /// How it ended, once it has: nil for exit status 0.
    var ending: String? {
        get async { await self.life.value }
    }

    /// Waits until it has printed something, so that it surely listens to signals: before, SIGTERM kills any process.
    func waitUntilHeard(within limit: Duration) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while !self.voice.wasHeard.withLock({ $0 }), clock.now < deadline { try await clock.sleep(for: .milliseconds(50)) }
    }

    /// Asks it to end in good order.
    ///
    /// - Returns: what was wrong with its end; nil if nothing was.
    func drain(within limit: Duration) async -> String? {
        self.send(.terminate)
        return await withTaskGroup(of: String??.self) { group in
            group.addTask { .some(await self.ending) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            if let ended = await group.next() ?? nil { return ended }
            self.send(.kill)
            return "it did not end within \(limit) of SIGTERM"
        }
    }

    private static func run(_ program: Program, _ orders: AsyncStream<Signal>, _ voice: Voice) async -> String? {
        var options = PlatformOptions()
        options.processGroupID = 0
        let configuration = Subprocess.Configuration(
            executable: .path(FilePath(program.path)),
            arguments: Arguments(program.arguments),
            environment: .inherit.updating(
                Dictionary(uniqueKeysWithValues: program.environment.map { (.init(stringLiteral: $0), $1) })),
            platformOptions: options
        )
        do {
            let file = try FileDescriptor.open(
                FilePath(program.output), .writeOnly, options: [.create, .append], permissions: [.ownerReadWrite, .groupRead, .otherRead])
            defer { try? file.close() }
            let result = try await Subprocess.run(configuration, input: .inputWriter, output: .sequence, error: .combinedWithOutput) {
                execution in
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        for await signal in orders { try execution.send(signal: signal) }
                    }
                    for try await line in execution.standardOutput.strings() {
                        voice.wasHeard.withLock { $0 = true }
                        try file.writeAll(Array((line.prefix { !$0.isNewline } + "\n").utf8))
                    }
                    group.cancelAll()
                }
            }
            return result.terminationStatus.isSuccess ? nil : "\(result.terminationStatus)"
        } catch {
            return "\(error)"
        }
    }
}
