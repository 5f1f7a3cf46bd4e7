import ArgumentParser
import Foundation

/// Which brokers a command asks.
struct BrokerOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Brokers, such as tcp://broker.syd:7400; several with commas or by repeating it. Default: $WHERRY_BROKERS.",
            valueName: "endpoints")
    )
    var brokers: [String] = []

    @Option(help: ArgumentHelp("How long to wait for each answer, such as 3s.", valueName: "time"))
    var timeout = DelayOption(.seconds(3))

    /// The endpoints, without the names of regions that stand before them in `WHERRY_BROKERS`.
    var endpoints: [String] {
        let given = self.brokers.isEmpty ? [ProcessInfo.processInfo.environment["WHERRY_BROKERS"] ?? ""] : self.brokers
        return Self.endpoints(in: given)
    }

    /// Takes lists apart: `tcp://a:7400,lax=tcp://b:7400` are two endpoints. One that stands twice is asked once.
    static func endpoints(in lists: [String]) -> [String] {
        var seen: Set<String> = []
        return lists.flatMap { $0.split(separator: ",") }
            .map { entry in
                let text = entry.trimmingCharacters(in: .whitespaces)
                guard let equals = text.firstIndex(of: "="), !text[..<equals].contains("://") else { return text }
                return String(text[text.index(after: equals)...])
            }
            .filter { !$0.isEmpty && seen.insert($0).inserted }
    }
}
