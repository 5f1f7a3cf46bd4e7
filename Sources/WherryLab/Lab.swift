import ArgumentParser

/// What developers of Wherry measure and break it with. Never part of a production image.
@main
struct Lab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wherry-lab",
        abstract: "Measures Wherry and tries to break it.",
        subcommands: [Latency.self, Simulate.self, Chaos.self]
    )
}
