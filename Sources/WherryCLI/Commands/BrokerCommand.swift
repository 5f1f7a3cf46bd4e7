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
            A broker belongs beside the workers, in the region of the primary. It keeps nothing that it cannot lose: run several, kill any,
            start them again. SIGTERM and SIGINT end it in good order: it takes no more jobs, waits for those that workers hold, and leaves.

            It prints a line `listening on ENDPOINT` for each address, with the port that it was given where you left it open.

            The wire is not encrypted yet: listen on loopback, on a private network or behind a tunnel.

            EXAMPLES
              wherry broker --region syd --bind tcp://127.0.0.1:7777
              wherry broker --region syd --bind 'tcp://10.0.0.5:7777' --bind ipc:///run/wherry/broker.sock

            \(ToolError.discussion)
            """
    )

    @Option(help: "The region that it stands in.")
    var region: String

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("Where to listen: tcp://ADDRESS:PORT (port * is any free one) or ipc:///PATH. Repeat it for more.", valueName: "endpoint")
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
        try await ToolError.reporting {
        }
    }
}
