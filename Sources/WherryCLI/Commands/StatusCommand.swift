import ArgumentParser
import Foundation

/// `wherry status`: what brokers, workers and replicas are doing now.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show brokers, workers, queues and how far the replicas are.",
        discussion: """
            Asks each broker what it holds: its queues by job name and version, its workers with region, capacity and what they run. With the \
            primary's database it also shows every replica's lag, in bytes; with a local one that replica's too.

            EXAMPLES
              wherry status
              wherry status --brokers tcp://broker-1.syd:7400,tcp://broker-2.syd:7400
              wherry status --primary-database postgres://monitor@db.syd.example/app --watch
              wherry status --json | jq '.jobs[] | select(.waiting > 0)'

            EXIT STATUS
              0    everybody who was asked has answered
              1    something went wrong
              64   the arguments make no sense, or nobody was named to ask
              69   a broker or a database did not answer; the others are shown
            """
    )

    @OptionGroup var brokers: BrokerOptions

    @Option(help: ArgumentHelp("The local database, a replica or the primary. Default: $DATABASE_URL.", valueName: "url"))
    var database: String?

    @Option(help: ArgumentHelp("The primary. Default: $WHERRY_PRIMARY_DATABASE_URL.", valueName: "url"))
    var primaryDatabase: String?

    @Flag(help: "Print JSON; with --watch one object a line.")
    var json = false

    @Flag(help: "Again and again, until it is interrupted.")
    var watch = false

    @Option(help: ArgumentHelp("How long to wait in between with --watch, such as 2s.", valueName: "time"))
    var interval = DelayOption(.seconds(2))

    func run() async throws {
        try await ToolError.reporting {
            let endpoints = self.brokers.endpoints
            let environment = ProcessInfo.processInfo.environment
            let local = [self.database, environment[DatabaseFacts.Part.local.variable]].compactMap(\.self).first { !$0.isEmpty }
            let primary = [self.primaryDatabase, environment[DatabaseFacts.Part.primary.variable]].compactMap(\.self).first { !$0.isEmpty }
            guard !endpoints.isEmpty || local != nil || primary != nil else {
                throw ToolError(.usage, "whom to ask? Give --brokers or a database, or set WHERRY_BROKERS, DATABASE_URL")
            }
            let screen = Screen.standard(.standardOutput)
            repeat {
                let report = await self.ask(endpoints, local: local, primary: primary)
                try self.show(report, on: screen)
                if !self.watch, !report.isComplete { throw ToolError.Status.unavailable.exitCode }
                if self.watch { try await Task.sleep(for: self.interval.duration) }
            } while self.watch
        }
    }

    private func ask(_ endpoints: [String], local: String?, primary: String?) async -> StatusReport {
        let limit = self.brokers.timeout.duration
        async let answers = BrokerVisit.ask(endpoints, from: "wherry-status", within: limit)
        var facts = DoctorFacts()
        // The primary first: what it has flushed by then, the replica may well have replayed a moment later.
        if let primary { facts.primary = await DatabaseExamination(.primary, conninfo: primary, within: limit).runReplication() }
        if let local, local != primary {
            facts.local = await DatabaseExamination(.local, conninfo: local, within: limit).runReplication()
        }
        facts = facts.withLocalPrimary()
        return StatusReport(brokers: await answers, primary: facts.primary, local: facts.local)
    }

    private func show(_ report: StatusReport, on screen: Screen) throws {
        if self.json { return Console.print(self.watch ? try JSONText.line(report) : try report.json()) }
        if self.watch { screen.clear() }
        for line in report.lines(style: screen.style) { screen.print(line) }
        if self.watch { screen.print() }
    }
}
