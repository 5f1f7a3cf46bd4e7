import ArgumentParser
import DemoShared
import Foundation
import Logging
import Wherry

/// The app of the demo: it lives beside the replica, writes by jobs and reads locally.
///
/// `wherry demo` starts it and reads what it measures from its standard output, one JSON object a line.
@main
struct DemoApp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wherry-demo-app",
        abstract: "The app of `wherry demo`: writes airports by jobs, reads them on the local replica, and tells what it measured."
    )

    @Option(help: "The region that this app is in.")
    var region: String

    @Option(help: "The region of the primary.")
    var primaryRegion: String

    @Option(help: "Where to reach the broker of the primary's region.")
    var broker: String

    @Option(help: "The local replica.")
    var database: String

    @Option(help: "The primary, for the loop that goes without Wherry.")
    var primaryDatabase: String

    @Option(help: "The file of airports.")
    var airports: String

    func run() async throws {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        do {
            let airports = try AirportFile.read(URL(filePath: self.airports))
            try await self.show(airports)
        } catch {
            try JSONLine.print(AppLine.gaveUp(reason: "\(error)"))
            throw ExitCode.failure
        }
    }
}
