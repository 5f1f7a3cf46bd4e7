import ArgumentParser
import Foundation
import Logging
import UnixSignals
import Wherry

/// `wherry call`: one job, by name and JSON.
struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Run a job by its name, wait until it is visible here, and print its output.",
        discussion: """
            Sends the job as an application in this region would, and waits until the local database shows what it did. The output goes to \
            standard output, the time that each leg took to standard error. Ctrl-C gives the job up: if it has not committed by then, it \
            never will.

            The arguments are the job's as JSON; `-` reads them from standard input. Where a job has none, `{}`.

            EXAMPLES
              wherry call items.touch '{"id": 7}'
              wherry call items.create - < items.json
              wherry call reports.build '{"month": "2026-11"}' --version 2 --deadline 120s --json
              eval "$(wherry dev --env lax)"; wherry call items.touch '{"id": 7}'

            EXIT STATUS
              0    it committed, and is visible here
              1    it did nothing, and would fail again: the handler failed, or nobody knows such a job
              3    it committed, but is not visible here yet: do not run it again
              4    its outcome is not known yet: do not run it again before it is
              64   the arguments or the set-up make no sense
              69   no broker, or no database, could be reached; nothing was done
              75   it did nothing (overloaded, expired, …): try again
              130  given up by Ctrl-C; it did nothing
            """
    )

    @Argument(help: "The job's name.")
    var name: String

    @Argument(help: ArgumentHelp("Its arguments as JSON; - reads them from standard input.", valueName: "json"))
    var arguments: String

    @Option(help: "The job's version.")
    var version = 1

    @Option(help: ArgumentHelp("How long it may take until it is visible here, such as 30s.", valueName: "time"))
    var deadline: DeadlineOption?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Brokers, such as tcp://broker.syd:7400; repeat it for more. Default: $WHERRY_BROKERS.", valueName: "endpoints"))
    var brokers: [String] = []

    @Option(help: ArgumentHelp("The local database, where the job has to become visible. Default: $DATABASE_URL.", valueName: "url"))
    var database: String?

    @Option(help: "The region that it is called in. Default: $WHERRY_REGION, else $FLY_REGION.")
    var region: String?

    @Flag(help: "Print one JSON object: result or error, id, token and timings.")
    var json = false

    func run() async throws {
        try await ToolError.reporting {
            let arguments = try self.readArguments()
            let outcome: CallOutcome
            do {
                outcome = try await self.call(with: arguments)
            } catch let error as JobError {
                outcome = CallOutcome(name: self.name, ending: .failure(error), timings: JobTimings())
            }
            try self.show(outcome)
            if outcome.status != .done { throw ExitCode(outcome.status.rawValue) }
        }
    }

    /// As they will be sent.
    private func readArguments() throws -> [UInt8] {
        var text = Data(self.arguments.utf8)
        if self.arguments == "-" { text = try FileHandle.standardInput.readToEnd() ?? Data() }
        do {
            _ = try JSONSerialization.jsonObject(with: text, options: [.fragmentsAllowed])
        } catch {
            throw ToolError(.usage, "the arguments are no JSON: \(String(decoding: text.prefix(80), as: UTF8.self))")
        }
        return Array(text)
    }

    /// The environment, with what was given on the command line.
    private var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment
        if !self.brokers.isEmpty { environment["WHERRY_BROKERS"] = self.brokers.joined(separator: ",") }
        if let database { environment["DATABASE_URL"] = database }
        let isSet = { (name: String) in environment[name].map { !$0.isEmpty } ?? false }
        // Somebody who looks in with a URL and a broker's address need not know regions.
        let region =
            self.region ?? ["WHERRY_REGION", "FLY_REGION"].lazy.filter(isSet).compactMap { environment[$0] }.first ?? "wherry-call"
        environment["WHERRY_REGION"] = region
        if !isSet("WHERRY_PRIMARY_REGION"), !isSet("PRIMARY_REGION") { environment["WHERRY_PRIMARY_REGION"] = region }
        return environment
    }

    private func call(with arguments: [UInt8]) async throws -> CallOutcome {
        let environment = self.environment
        guard let brokers = environment["WHERRY_BROKERS"], !brokers.isEmpty else {
            throw ToolError(.usage, "which brokers? Give --brokers, or set WHERRY_BROKERS")
        }
        var configuration = try WherryClient.Configuration.fromEnvironment(environment)
        // Whoever sits at a terminal wants to hear of a misspelt name now.
        configuration.waitsForUnknownJobs = false
        var logger = Logger(label: "wherry.call") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await WherryClient.withClient(configuration, logger: logger) { client in
            let job = Task {
                let handle = try await client.submit(
                    raw: self.name, version: self.version, arguments: arguments, deadline: self.deadline?.duration)
                return await withTaskCancellationHandler {
                    do throws(JobError) {
                        let output = try await handle.output()
                        return CallOutcome(
                            name: self.name, id: handle.id,
                            ending: .output(bytes: output.bytes, contentType: output.contentType, token: output.token),
                            timings: handle.timings)
                    } catch {
                        return CallOutcome(name: self.name, id: handle.id, ending: .failure(error), timings: handle.timings)
                    }
                } onCancel: {
                    handle.cancel()
                }
            }
            let listening = Task {
                for await _ in signals { job.cancel() }
            }
            defer { listening.cancel() }
            var outcome = try await job.value
            outcome.isInterrupted = job.isCancelled
            return outcome
        }
    }

    private func show(_ outcome: CallOutcome) throws {
        if self.json { return Console.print(try outcome.json()) }
        if let payload = outcome.payload { Console.print(payload) }
        let screen = Screen.standard(.standardError)
        if case .failure(let error) = outcome.ending { Console.complain("\(error)") }
        if case .output(_, _, let token) = outcome.ending, let id = outcome.id {
            screen.print(screen.style(.dim, "job \(id), committed at \(token.lsn)"))
        }
        for line in outcome.timingLines(style: screen.style) { screen.print(line) }
    }
}
