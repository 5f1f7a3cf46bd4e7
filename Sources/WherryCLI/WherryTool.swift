import ArgumentParser

/// The tool `wherry`.
@main
struct WherryTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wherry",
        abstract: "A job queue that knows where: where the database is, and where you are.",
        subcommands: [
            DemoCommand.self, DevCommand.self, BrokerCommand.self, MigrateCommand.self, UpkeepCommand.self, DoctorCommand.self,
            StatusCommand.self, CallCommand.self,
        ]
    )
}
