import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import Wherry
import WherryBroker
import WherryCluster
import WherryEventLoop
import WherryMigrations
import WherryWorker
import WherryZeroMQ

/// `wherry-lab latency`: one call at a time, from submit to `.value`, against the least that any way could take.
struct Latency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times one write job at a time, from submit to value, on real servers.",
        discussion: """
            Starts a primary, a replica, a broker and a worker. Each round times calls of a job that inserts one row, and then the
            floor: a plain INSERT at the primary and a tight poll of the replica until it shows the row. Client, broker and worker
            share a process here, each with an event loop of its own, and talk over TCP.

              wherry-lab latency
              wherry-lab latency --rtt 80 --calls 50
            """
    )

    @Option(help: "Added round trip between the regions, in milliseconds.")
    var rtt = 0.0

    @Option(help: "Calls in each round.")
    var calls = 200

    @Option(help: "Rounds.")
    var rounds = 5

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func validate() throws {
        guard self.rtt >= 0, self.rtt <= 10_000 else { throw ValidationError("--rtt must be 0 to 10000 ms") }
        guard self.calls > 0, self.rounds > 0 else { throw ValidationError("--calls and --rounds must be at least 1") }
    }

    func run() async throws {
        let bench = try await LatencyBench.start(roundTrip: .milliseconds(self.rtt))
        var report = LatencyReport(roundTripMilliseconds: self.rtt)
        do {
            _ = try await bench.timeCalls(20)
            _ = try await bench.timeFloor(20)
            for _ in 0..<self.rounds {
                report.calls += try await bench.timeCalls(self.calls)
                report.floor += try await bench.timeFloor(self.calls)
            }
        } catch {
            await bench.stop()
            throw error
        }
        await bench.stop()
        print(self.json ? try report.json() : report.text())
    }
}
