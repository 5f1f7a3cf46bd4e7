import ArgumentParser
import ChaosLog
import DemoShared
import Logging
import ServiceLifecycle
import UnixSignals
import Wherry

/// An app of the chaos run, beside a replica: it calls jobs, reads what they did, and writes down what it was told.
///
/// Where its region, its brokers and its database are, it is told by its environment: see `WherryClient.Configuration.fromEnvironment`. On SIGTERM
/// it makes no more calls, waits for those that it has made, and ends.
@main
struct ChaosApp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wherry-chaos-app", abstract: "An app of `wherry-lab chaos`: calls jobs and logs what it is told.")

    @Option(help: "Its name, different from that of any other app that ever was in this run.")
    var name: String

    @Option(help: "The file for its log, which must not be there yet.")
    var log: String

    @Option(help: "The folder where apps leave causal tokens for one another.")
    var post: String

    @Option(help: "What its calls are drawn from.")
    var seed: UInt64

    @Option(help: "How many calls it makes at once.")
    var lanes = 6

    func run() async throws {
        let log = try ChaosLogFile(self.log)
        log.write(.started(app: self.name))
        let logger = Logger(label: "wherry-chaos-app")
        let client = try WherryClient(.fromEnvironment(logger: logger), logger: logger)
        let load = Load(
            client: client, journal: Journal(log), post: Post(folder: self.post), name: self.name, seed: self.seed, lanes: self.lanes)
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: client),
                    .init(service: load, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: InputEnd(), successTerminationBehavior: .cancelGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await group.run()
    }
}
