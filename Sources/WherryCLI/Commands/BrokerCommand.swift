import ArgumentParser
import DemoShared
import Logging
import ServiceLifecycle
import WherryBroker

/// `wherry broker`: a broker as a process of its own.
struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Run a broker: it takes jobs from apps and gives them to workers that ask for work.",
        discussion: """
            A broker belongs beside the workers, in the region of the primary. It keeps nothing that it cannot lose: run several, kill any, \
            start them again. SIGTERM and SIGINT end it in good order: it takes no more jobs, waits for those that workers hold, and leaves; a \
            second one makes it leave at once.

            It prints a line `listening on ENDPOINT` for each address, with the port that it was given where you left it open.

            The wire is not encrypted yet: listen on loopback, on a private network or behind a tunnel.

            EXAMPLES
              wherry broker --region syd --bind tcp://127.0.0.1:7400
              wherry broker --region syd --bind tcp://10.0.0.5:7400 --bind ipc:///run/wherry.sock

            \(ToolError.discussion)
            """
    )

    @Option(help: "The region that it stands in.")
    var region: String

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "Where to listen: tcp://ADDRESS:PORT (port * is any free one) or ipc:///PATH. Repeat it for more.", valueName: "endpoint")
    )
    var bind: [String]

    @Option(help: ArgumentHelp("How many jobs may wait at once; more are refused until there is room.", valueName: "jobs"))
    var maximumQueuedJobs: Int = BrokerLimits().queuedJobs

    @Option(help: ArgumentHelp("How long running jobs may take to finish when it is told to stop.", valueName: "seconds"))
    var drainSeconds: Int = 30

    @Flag(help: "Also stop when standard input ends: for a broker that must not outlive whoever started it.")
    var untilInputEnds = false

    private static let announcement = "listening on "

    /// The endpoint that a line of a broker's output announces; `nil` for any other line.
    static func endpoint(in line: String) -> String? {
        line.hasPrefix(Self.announcement) ? String(line.dropFirst(Self.announcement.count)) : nil
    }

    func run() async throws {
        var configuration = BrokerConfiguration(region: self.region, binds: self.bind)
        configuration.limits.queuedJobs = self.maximumQueuedJobs
        configuration.drainTimeout = .seconds(self.drainSeconds)
        let logger = Logger(label: "wherry.broker")
        let broker = Broker(configuration: configuration, logger: logger)
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: broker, successTerminationBehavior: .gracefullyShutdownGroup)
        ]
        if self.untilInputEnds { services.append(.init(service: InputEnd(), successTerminationBehavior: .gracefullyShutdownGroup)) }
        try await ToolError.reporting {
            do {
                // If it cannot start, the group says why.
                async let announced: Void? = try? Self.announce(broker)
                try await SignalledRun.run(services, logger: logger)
                _ = await announced
            } catch let error as BrokerError {
                throw ToolError(Self.status(of: error), error.message)
            }
        }
    }

    private static func announce(_ broker: Broker) async throws {
        for endpoint in try await broker.endpoints { Console.print(Self.announcement + endpoint) }
    }

    private static func status(of error: BrokerError) -> ToolError.Status {
        switch error.code {
        case .invalidConfiguration: .usage
        case .cannotBind: .unavailable
        default: .failed
        }
    }
}
