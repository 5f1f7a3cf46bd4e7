import ArgumentParser
import Foundation
import WherryPostgres
import WherryZeroMQ

/// `wherry doctor`: looks at a set-up and says what is wrong with it.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at databases and brokers, and say what is wrong and what to do about it.",
        discussion: """
            Looks at versions, the schema, roles, replication and slots, the epoch, privileges, commits, timeouts, poolers in between, \
            partitions and retention, clocks, brokers and the jobs that workers offer. It changes nothing. Run it where an app or a worker \
            runs, with that one's environment: what it sees is what they see.

            EXAMPLES
              wherry doctor
              wherry doctor --primary-database postgres://worker@db.syd.example/app
              wherry doctor --database "$REPLICA" --primary-database "$PRIMARY" --brokers tcp://broker.syd:7400
              wherry doctor --json | jq '.findings[] | select(.severity != "ok")'

            EXIT STATUS
              0    no problem; there may be warnings
              1    something went wrong
              2    there is a problem
              64   the arguments make no sense, or nothing was named to look at
            """
    )

    @Option(
        help: ArgumentHelp(
            "What the application reads from: the replica, or the primary where there is none. Default: $DATABASE_URL.", valueName: "url"))
    var database: String?

    @Option(
        help: ArgumentHelp(
            "The primary, if it is another one. Default: $WHERRY_PRIMARY_DATABASE_URL.", valueName: "url"))
    var primaryDatabase: String?

    @OptionGroup var brokers: BrokerOptions

    @Option(help: "Whose privileges the role should have: worker or app. Default: worker on the primary, app on a replica.")
    var role: DatabaseRole?

    @Flag(help: "Print the findings as JSON.")
    var json = false

    func run() async throws {
        try await ToolError.reporting {
            let facts = try await self.collect()
            let report = DoctorReport(Diagnosis(facts, role: self.role).findings)
            if self.json {
                Console.print(try report.json())
            } else {
                let screen = Screen.standard(.standardOutput)
                for line in report.lines(style: screen.style) { screen.print(line) }
            }
            if report.problems > 0 { throw ToolError.Status.pending.exitCode }
        }
    }

    private func collect() async throws -> DoctorFacts {
        let environment = ProcessInfo.processInfo.environment
        func named(_ option: String?, _ variable: String) -> String? {
            [option, environment[variable]].compactMap(\.self).first { !$0.isEmpty }
        }
        let local = named(self.database, DatabaseFacts.Part.local.variable)
        let primary = named(self.primaryDatabase, DatabaseFacts.Part.primary.variable)
        let endpoints = self.brokers.endpoints
        guard local != nil || primary != nil || !endpoints.isEmpty else {
            throw ToolError(
                .usage,
                "nothing to look at: give --database, --primary-database or --brokers, or set DATABASE_URL, WHERRY_PRIMARY_DATABASE_URL, WHERRY_BROKERS"
            )
        }
        let limit = self.brokers.timeout.duration
        async let answers = BrokerVisit.ask(endpoints, from: "wherry-doctor", within: limit)
        var facts = DoctorFacts(libpq: LibPQVersion.number, zeroMQ: .linked)
        // The primary first: what it has flushed by then, the replica may well have replayed a moment later.
        if let primary { facts.primary = await DatabaseExamination(.primary, conninfo: primary, within: limit).run() }
        if let local, local != primary { facts.local = await DatabaseExamination(.local, conninfo: local, within: limit).run() }
        facts.brokers = await answers
        return facts.withLocalPrimary()
    }
}

extension DatabaseRole: ExpressibleByArgument {}
