import ArgumentParser
import WherryMigrations

/// `wherry upkeep`: the partitions of the receipts.
struct UpkeepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upkeep",
        abstract: "Make room for new receipts, and drop those that are past retention.",
        discussion: """
            Receipts live in partitions by time: this makes the next ones and drops the old. Workers do it by themselves if their role owns \
            the receipts; where it does not, run this daily, as the owner. It waits for nobody: what is in use is left to the next run.

            EXAMPLE
              @daily  wherry upkeep --database postgres://owner@db.example/app

            \(ToolError.discussion)
            """
    )

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        try await ToolError.reporting {
            try await self.database.withConnection { connection, logger in
                let report = try await Upkeep(connection: connection, logger: logger).run()
                guard !report.isElsewhere else { throw ToolError(.busy, "another upkeep is under way") }
                for partition in report.created { Console.print("made       \(partition)") }
                for partition in report.dropped { Console.print("dropped    \(partition)") }
                if report.expiredKeys > 0 { Console.print("deleted    \(report.expiredKeys) idempotency keys that are past retention") }
                for partition in report.postponed { Console.print("postponed  \(partition): in use, the next run will do it") }
                if report.created.isEmpty, report.dropped.isEmpty, report.postponed.isEmpty { Console.print("nothing to do") }
            }
        }
    }
}
