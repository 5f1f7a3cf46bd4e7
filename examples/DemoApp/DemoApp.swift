import ArgumentParser
import DemoShared
import Foundation
import Logging
import Wherry
import WherryPostgres

/// The app of the demo: it lives beside the replica, writes by jobs and reads locally.
///
/// Where its region, its brokers and its database are, it is told by its environment: see `WherryClient.Configuration.fromEnvironment`.
@main
struct DemoApp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wherry-demo-app",
        abstract: "The app of `wherry demo`: writes airports by jobs, reads them on the local replica, and tells what it measured."
    )

    @Option(help: "The primary, for the loop that goes without Wherry.")
    var primaryDatabase: String

    @Option(help: "The file of airports.")
    var airports: String

    func run() async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await InputEnd().run()
                    throw CancellationError()
                }
                group.addTask { try await self.show() }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch {
            try JSONLine.print(AppLine.gaveUp(reason: "\(error)"))
            throw ExitCode.failure
        }
    }

    private func show() async throws {
        let airports = try AirportFile.read(URL(filePath: self.airports))
        let primary = try await PostgresConnection.connect(
            PostgresConfiguration(self.primaryDatabase, applicationName: "wherry-demo-app"), logger: Logger(label: "wherry-demo-app"))
        var configuration = try WherryClient.Configuration.fromEnvironment()
        configuration.maximumReadConnections = Steps.concurrency
        // No deploy will bring the job that step 6 misspells.
        configuration.waitsForUnknownJobs = false
        try await WherryClient.withClient(configuration) { client in
            let steps = Steps(client: client, airports: airports)
            try await steps.insertDirectly(primary)
            await primary.close()
            try await steps.callOneByOne()
            try await steps.callOnce()
            try await steps.submitWithoutWaitingForReplay()
            try await steps.submitAndWait()
            try await steps.importThroughKill()
            try await steps.submitBadJobs()
        }
    }
}
