import ArgumentParser
import DemoShared
import Foundation
import Logging
import UnixSignals
import WherryBroker
import WherryCluster
import WherryMigrations

/// `wherry dev`: two regions to develop in.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run two regions to develop in: a primary, a replica, a broker, and a distance between them.",
        discussion: """
            Starts PostgreSQL as a primary in one region and as a replica in another, a broker beside the primary, and puts the delay of a \
            wide area network between the regions; applies Wherry's migrations; prints the environment for apps and workers of each region, \
            and writes it to .wherry/env. Runs until Ctrl-C. The data stay in .wherry of this folder, which git does not see.

            What is printed is meant for a shell. A second `wherry dev` in the same folder prints the environment of the first.

            EXAMPLES
              wherry dev
              wherry dev --primary fra --replica gru --rtt 200ms
              eval "$(wherry dev --env lax)" && swift run App
              set -a; . .wherry/env/syd.env; set +a; swift run Worker
              wherry dev --reset

            EXIT STATUS
              0    stopped by Ctrl-C or SIGTERM; or it runs already, and this is its environment
              1    something went wrong
              64   the arguments make no sense
              69   the broker's port is taken, or with --env: nothing runs here
              75   another one is just starting or stopping here: try again
              77   the folder cannot be used
            """
    )

    @Option(help: "The primary's region.")
    var primary = "syd"

    @Option(help: "The replica's region.")
    var replica = "lax"

    @Option(help: "Round trip between them, such as 150ms.")
    var rtt = DelayOption(.milliseconds(150))

    @Option(help: "The broker's port in the primary's region. Default: 7400, or another one if that is taken.")
    var port: Int?

    @Option(help: ArgumentHelp("The project: .wherry is made in it.", valueName: "folder"), completion: .directory)
    var folder = "."

    @Flag(help: "Delete what was there, and start anew.")
    var reset = false

    @Option(help: ArgumentHelp("Print only what a shell needs for a region of the one that runs here.", valueName: "region"))
    var env: String?

    @Flag(help: "Print the environment as JSON.")
    var json = false

    @Flag(help: "Also stop when standard input ends: for one that must not outlive whoever started it.")
    var untilInputEnds = false

    func validate() throws {
        guard self.primary.lowercased() != self.replica.lowercased() else {
            throw ValidationError("the primary and the replica have to be in different regions")
        }
        if let port, !(1...65_535).contains(port) { throw ValidationError("--port must be 1 to 65535") }
    }

    func run() async throws {
        // A reader that goes away (`wherry dev | head`) must not end this process before it has stopped its servers.
        signal(SIGPIPE, SIG_IGN)
        try await ToolError.reporting {
            let project = URL(filePath: self.folder, directoryHint: .isDirectory).path
            guard FileManager.default.fileExists(atPath: project) else { throw ToolError(.usage, "there is no folder \(project)") }
            let folder = DevFolder(project: project)
            if let env { return try self.printEnvironment(of: env, folder) }
            try Self.translatingErrors { try folder.make() }
            guard try folder.lock() else { return try self.tellOfTheOther(folder) }
            try await self.serve(folder)
        }
    }

    // MARK: The one that runs

    private func serve(_ folder: DevFolder) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let ended = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await Self.translatingErrors { try await self.runRegions(in: folder) }
                return false
            }
            group.addTask {
                for await _ in signals { return true }
                throw CancellationError()
            }
            if self.untilInputEnds {
                group.addTask {
                    try await InputEnd().run()
                    return true
                }
            }
            let isAsked = try await group.next() ?? true
            group.cancelAll()
            // Until everything has stopped; what kept it from stopping well is told.
            while true {
                do {
                    guard try await group.next() != nil else { return isAsked }
                } catch is CancellationError {}
            }
        }
        if !ended { throw ToolError(.failed, "the broker ended by itself") }
        Console.remark("stopped; the data stay in \(folder.path)")
    }

    /// Starts, tells, serves; stops also when the task is cancelled.
    private func runRegions(in folder: DevFolder) async throws {
        folder.removeEnvironment()
        try await DevRegions.waitForLastRun(folder)
        if self.reset { try folder.reset() }
        if let obstacle = folder.state()?.obstacle(primary: self.primary, replica: self.replica) { throw ToolError(.usage, obstacle) }
        Console.remark("starting PostgreSQL in \(self.primary) and \(self.replica) …")
        var logger = Logger(label: "wherry.dev") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let plan = DevRegions.Plan(
            primary: self.primary, replica: self.replica, roundTrip: self.rtt.duration, brokerPort: self.port)
        let regions = try await DevRegions.start(plan, in: folder, logger: logger)
        do {
            try folder.write(regions.environment)
            try self.print(regions.environment, folder)
            Console.remark("ready; Ctrl-C stops it")
            try await regions.run()
        } catch {
            try await regions.stop(folder)
            if error is CancellationError { return }
            throw error
        }
        try await regions.stop(folder)
    }

    // MARK: The other one

    private func tellOfTheOther(_ folder: DevFolder) throws {
        if self.reset { throw ToolError(.busy, "it runs here: stop it before you start anew") }
        guard let environment = folder.environment() else {
            throw ToolError(.busy, "another one is just starting or stopping in \(folder.path): try again in a moment")
        }
        Console.remark("it runs already in \(folder.path); this is its environment")
        try self.print(environment, folder)
    }

    private func printEnvironment(of region: String, _ folder: DevFolder) throws {
        guard folder.isInUse, let environment = folder.environment() else {
            throw ToolError(.unavailable, "nothing runs in \(folder.path): start it with `wherry dev`")
        }
        guard let found = environment[region] else {
            let known = environment.regions.map(\.name).joined(separator: " and ")
            throw ToolError(.usage, "there is no region \(region) here: there are \(known)")
        }
        Console.print(self.json ? try JSONText.encode(found.variables) : found.shellLines.joined(separator: "\n"))
    }

    private func print(_ environment: DevEnvironment, _ folder: DevFolder) throws {
        Console.print(self.json ? try JSONText.encode(environment) : environment.shellText(folder: folder.environmentFolder))
    }

    // MARK: Errors

    private static func translatingErrors<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch {
            throw Self.translation(of: error)
        }
    }

    private static func translatingErrors<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw Self.translation(of: error)
        }
    }

    private static func translation(of error: any Error) -> any Error {
        // Whatever was cut off says so in its own way.
        if Task.isCancelled { return CancellationError() }
        switch error {
        case is ToolError, is CancellationError: return error
        case let error as ClusterError where error.code == .configuration: return ToolError(.usage, error.message)
        case let error as ClusterError where error.code == .folder:
            let advice = "as root, the servers run as another account, which has to be let through every folder above: "
            return ToolError(.notPermitted, "\(error.message)\n\(advice)work in a folder that all may enter, or as an ordinary user")
        case let error as ClusterError where error.code == .timedOut:
            return ToolError(.failed, "\(error)\nIf it stays so, `wherry dev --reset` starts anew, without the data")
        case let error as BrokerError where error.code == .cannotBind: return ToolError(.unavailable, error.message)
        case let error as CocoaError where error.code == .fileWriteNoPermission:
            return ToolError(.notPermitted, "this folder cannot be written: \(error.localizedDescription)")
        default: return ToolError(.failed, "\(error)")
        }
    }
}
