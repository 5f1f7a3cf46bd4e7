import ArgumentParser
import Foundation
import UnixSignals

/// `wherry demo`: everything at work on this machine.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show jobs that cross an ocean: a real primary, a real replica, real delay between them.",
        discussion: """
            Starts PostgreSQL in two regions in temporary folders, a proxy that delays whatever passes between them, a broker and a worker \
            beside the primary and an app beside the replica; shows and times what Wherry does; removes everything.

            EXAMPLES
              wherry demo
              wherry demo --primary FRA --replica GRU
              wherry demo --rtt 250ms --json

            EXIT STATUS
              0    every claim held
              1    a claim did not hold, or the demo could not be run
              64   the arguments make no sense
            """
    )

    @Option(help: "IATA code of the primary's city, from the file of airports.")
    var primary = "SYD"

    @Option(help: "IATA code of the replica's city.")
    var replica = "LAX"

    @Option(help: "Round trip between them, such as 150ms; by default worked out from the distance.")
    var rtt: DelayOption?

    @Option(help: "By how much longer each way may take, at random.")
    var jitter = DelayOption(.milliseconds(3))

    @Option(help: "A file of airports; by default examples/airports.csv.", completion: .file(extensions: ["csv"]))
    var airports: String?

    @Flag(help: "Print the report as JSON. What is meant for people goes to standard error.")
    var json = false

    /// Nobody waits longer than this.
    private static let limit = Duration.seconds(300)

    private enum Ending: Sendable {
        case report(DemoReport)
        case signal(UnixSignal)
        case tooLong
    }

    func validate() throws {
        guard self.primary.uppercased() != self.replica.uppercased() else {
            throw ValidationError("the primary and the replica have to be in different cities")
        }
    }

    func run() async throws {
        // A reader that goes away (`wherry demo | head`) must not end this process before it has cleaned up.
        signal(SIGPIPE, SIG_IGN)
        try await ToolError.reporting {
            switch try await self.ending() {
            case .report(let report):
                if self.json { Console.print(try report.json()) }
                if !report.claimsHeld { throw ExitCode.failure }
            case .signal(let signal):
                throw ToolError(signal == .sigint ? .interrupted : .terminated, "interrupted; everything has been removed")
            case .tooLong:
                throw ToolError(.failed, "the demo did not come to its end within \(Self.limit)")
            }
        }
    }

    /// The demo, a signal or the limit, whichever is first; cleaned up in any case.
    private func ending() async throws -> Ending {
        let configuration = DemoConfiguration(
            airports: self.airports, primary: self.primary, replica: self.replica, roundTrip: self.rtt?.duration,
            jitter: self.jitter.duration)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        do {
            return try await withThrowingTaskGroup(of: Ending.self) { group in
                group.addTask { [json] in
                    var demo = Demo(configuration, screen: DemoScreen(.standard(json ? .standardError : .standardOutput)))
                    return .report(try await demo.run())
                }
                group.addTask {
                    for await signal in signals { return .signal(signal) }
                    throw CancellationError()
                }
                group.addTask {
                    try await Task.sleep(for: Self.limit)
                    return .tooLong
                }
                defer { group.cancelAll() }
                guard let ending = try await group.next() else { throw CancellationError() }
                return ending
            }
        } catch {
            throw ToolError(.failed, "\(error)")
        }
    }
}
