import ArgumentParser
import ChaosChecker
import Foundation
import UnixSignals

/// `wherry-lab chaos`: real processes and servers under load, while a seeded schedule breaks them.
struct Chaos: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kills, freezes, drains, cuts, crashes and promotes real processes and servers, and checks what callers were told.",
        discussion: """
            Starts a primary with two replicas, two brokers, three workers and three apps, with a proxy in every connection between them. While \
            the apps call jobs, a schedule that is drawn from the seed breaks things. Afterwards a checker that shares no code with Wherry \
            compares the apps' own logs with the receipts and the data in PostgreSQL.

            EXIT STATUS
              0    every promise was kept
              1    one was not, or the run could not go on, or it fell short of what --require-… asks
              64   the arguments make no sense
            """
    )

    @Option(help: "How long the load lasts; then everybody ends.")
    var seconds = 60

    @Option(help: "What the schedule and the calls are drawn from; by default any.")
    var seed: UInt64?

    @Flag(help: "Print the report as JSON. What is meant for people goes to standard error.")
    var json = false

    @Flag(help: "Keep the folder of logs; it is kept anyway if a promise was not kept.")
    var keep = false

    @Option(help: "How many acknowledged calls there have to be.")
    var requireAcknowledged = 0

    @Option(help: "How many faults there have to be.")
    var requireFaults = 0

    @Option(help: "Of how many kinds they have to be.")
    var requireKinds = 0

    func validate() throws {
        guard (10...86_400).contains(self.seconds) else { throw ValidationError("a run lasts from 10 seconds to a day") }
    }

    func run() async throws {
        // A reader that goes away must not end this process before it has cleaned up.
        signal(SIGPIPE, SIG_IGN)
        let seed = self.seed ?? .random(in: 1...999_999)
        let folder = FileManager.default.temporaryDirectory.path + "/wherry-chaos-\(seed)-\(getpid())"
        let run = ChaosRun(seed: seed, seconds: self.seconds, folder: folder)
        for fault in run.schedule.faults {
            Self.note(
                String(format: "%7.2f s  ", fault.at) + "\(fault.kind.rawValue)  \(fault.lane)"
                    + (fault.duration > 0 ? String(format: "  for %.2f s", fault.duration) : ""))
        }
        let report: ChaosReport
        do {
            report = try await Self.untilSignal { try await run.run(Self.note) }
        } catch {
            Self.note("the run could not go on: \(error)\nlogs: \(folder)")
            throw ExitCode.failure
        }
        print(self.json ? try report.json() : report.text())
        if self.json { Self.note(report.text()) }
        let shortcomings = self.shortcomings(of: report)
        for shortcoming in shortcomings { Self.note(shortcoming) }
        if report.isClean, !self.keep {
            try? FileManager.default.removeItem(atPath: folder)
        } else {
            Self.note("logs: \(folder)\nagain: wherry-lab chaos --seconds \(self.seconds) --seed \(seed)")
        }
        if !report.isClean || !shortcomings.isEmpty { throw ExitCode.failure }
    }

    private func shortcomings(of report: ChaosReport) -> [String] {
        let counts = [
            ("acknowledged calls", report.verdict.acknowledged, self.requireAcknowledged),
            ("faults", report.faults.count, self.requireFaults), ("kinds of faults", report.faultCounts.count, self.requireKinds),
        ]
        return counts.filter { $0.1 < $0.2 }.map { "\($0.1) \($0.0): \($0.2) were to be" }
    }

    @Sendable private static func note(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }

    /// Runs a body, which is cancelled when this process is told to end.
    private static func untilSignal(_ body: @escaping @Sendable () async throws -> ChaosReport) async throws -> ChaosReport {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        return try await withThrowingTaskGroup(of: ChaosReport.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await signal in signals { throw ChaosError("\(signal)") }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let report = try await group.next() else { throw CancellationError() }
            return report
        }
    }
}
